import { playStories } from '../simulation/stories/play-stories.ts'
import { hostNames } from '../simulation/stories/run-story.ts'
import type { Bench } from './figure.ts'

const hosts = 50
const hoursADay = 24

/** How much of a fleet's life one thread simulates in a second, with every fault that there is, its start included. */
export const simulation: Bench = {
  async run({ quick, tell }) {
    const days = quick ? 3 : 15
    tell(`${hosts} hosts for ${days} days`)
    const begun = performance.now()
    const story = { seed: 1, hosts: hostNames(hosts), days, handshakeShare: 0.01 }
    const [report] = await Promise.all(playStories([story], 1))
    const seconds = (performance.now() - begun) / 1_000
    return [
      {
        name: 'simulate.hostHoursPerSecond',
        value: (hosts * days * hoursADay) / seconds,
        unit: 'per second',
      },
      {
        name: 'simulate.brokenPromises',
        value: report?.broken === undefined ? 0 : 1,
        unit: 'promises',
        aim: { atMost: 0 },
      },
    ]
  },
}
