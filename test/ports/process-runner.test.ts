import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { nodeProcessRunner } from '@mayfly/platform'
import { FakeProcessRunner } from '../fakes/fake-process-runner.ts'
import { type ProcessRunnerSubject, processRunnerSuite } from '../suites/process-runner-suite.ts'

processRunnerSuite('the machine', () => ({
  runner: nodeProcessRunner,
  programs: {
    talks: ['sh', '-c', 'printf out; printf err >&2'],
    fails: ['sh', '-c', 'exit 3'],
    repeatsInput: ['cat'],
    printsColour: ['sh', '-c', 'printf "$COLOUR"'],
    printsMuch: ['sh', '-c', 'head -c 20000 /dev/zero | tr "\\0" a; printf end'],
    hangs: ['sleep', '3600'],
    isMissing: ['no-such-program-anywhere'],
  },
  start: () => {
    const child = spawn('sleep', ['3600'])
    return { pid: child.pid ?? 0, ended: once(child, 'exit').then(() => undefined) }
  },
}))

processRunnerSuite('in memory', (): ProcessRunnerSubject => {
  const runner = new FakeProcessRunner()
    .program('talks', () => ({ stdout: 'out', stderr: 'err' }))
    .program('fails', () => ({ exitCode: 3 }))
    .program('repeats-input', (_argv, { input }) => ({ stdout: new TextDecoder().decode(input) }))
    .program('prints-colour', (_argv, { env }) => ({ stdout: env?.COLOUR ?? '' }))
    .program('prints-much', () => ({ stdout: `${'a'.repeat(20_000)}end` }))
    .program('hangs', () => ({ timedOut: true }))
  return {
    runner,
    programs: {
      talks: ['talks'],
      fails: ['fails'],
      repeatsInput: ['repeats-input'],
      printsColour: ['prints-colour'],
      printsMuch: ['prints-much'],
      hangs: ['hangs'],
      isMissing: ['is-missing'],
    },
    start: () => {
      const pid = 4_711
      return { pid, ended: new Promise((resolve) => runner.process(pid, () => resolve())) }
    },
  }
})
