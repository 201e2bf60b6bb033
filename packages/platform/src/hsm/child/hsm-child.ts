import { type HsmAnswer, type HsmFault, HsmFaultError, type HsmQuestion } from '../hsm-messages.ts'
import { ModuleSession } from './module-session.ts'

/*
 * The process that holds the PKCS #11 module. Foreign code runs in it, so nothing else does: should the module crash
 * or hang, the issuer goes on without it and starts another. The PIN comes in a message, never on the command line.
 */
let session: ModuleSession | undefined

process.on('message', (question: HsmQuestion) => {
  process.send?.(answerTo(question))
})
// The issuer says when it is over, by closing the channel. A Ctrl-C at its terminal reaches this process as well.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.on('disconnect', () => {
  session?.close()
  process.exit()
})

function answerTo(question: HsmQuestion): HsmAnswer {
  const { number } = question
  try {
    return { number, value: perform(question) }
  } catch (error) {
    return { number, fault: faultOf(error) }
  }
}

function perform(question: HsmQuestion): unknown {
  if (question.call === 'open') {
    session = new ModuleSession(question)
    const { token, serial } = session.info
    return { token, serial }
  }
  if (session === undefined) throw new HsmFaultError({ is: 'token', message: 'it was not opened' })
  switch (question.call) {
    case 'find-key':
      return session.findKey(question.choice)
    case 'make-key':
      return session.makeKey(question)
    case 'sign':
      return session.sign(question)
    case 'destroy-key':
      return session.destroyKey(question.id)
  }
}

function faultOf(error: unknown): HsmFault {
  if (error instanceof HsmFaultError) return error.fault
  return { is: 'module', message: error instanceof Error ? error.message : String(error) }
}
