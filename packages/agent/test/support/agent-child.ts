import { runAgent } from '../../src/main.ts'

/**
 * A real agent process for tests: `node agent-child.ts CONFIG [STEP [COUNT]]` kills itself, as SIGKILL from
 * outside would, as soon as the named step has happened for the COUNTth time.
 */
const [, , configPath = '', fatalStep, fatalCount = '1'] = process.argv
let left = Number(fatalCount)

await runAgent(configPath, {
  ports: {
    trace: {
      step(step) {
        if (step === fatalStep && --left === 0) process.kill(process.pid, 'SIGKILL')
      },
    },
  },
})
