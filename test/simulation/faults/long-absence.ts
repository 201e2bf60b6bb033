import { hourMs, type Instant } from '@mayfly/ca-core'
import { hostNames, runStory } from '../stories/run-story.ts'
import { storyStart } from '../stories/story.ts'

/** Longer than a certificate lives: also what was minted for it meanwhile is dead when it is back. */
const absence = { from: storyStart + 30 * hourMs, to: storyStart + 66 * hourMs }

/** A host without a network for a day and a half: how long after that its port serves a good certificate again. */
export async function playAbsence(seed: number): Promise<number> {
  const [host = ''] = hostNames(1)
  const { lines, broken } = await runStory({
    ...{ seed, hosts: [host], days: 4, isCalm: true, keepsLines: true, handshakeShare: 0 },
    faults: [{ kind: 'host-network', host, ...absence }],
  })
  if (broken !== undefined) throw new Error(broken.message)
  const served: Instant | undefined = lines.find(
    ({ at, what }) => at > absence.to && what.startsWith('serves '),
  )?.at
  if (served === undefined) throw new Error('it never came back')
  return served - absence.to
}
