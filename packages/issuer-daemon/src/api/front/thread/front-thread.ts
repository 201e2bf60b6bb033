import { parentPort, workerData } from 'node:worker_threads'
import { systemClock, systemRandom } from '@mayfly/platform'
import type { AnsweredRequest } from '../../answered-request.ts'
import type { Arrival, Core, Sent, Taken, Told } from '../../arrival.ts'
import { toMayflyError } from '../../problem.ts'
import { type Front, type FrontSettings, openFront } from '../front.ts'
import type { FlatValue } from './flat.ts'
import { type AnswerAlone, packAlone, packEnd, unpackTold } from './packed-answers.ts'
import { packArrival } from './packed-arrivals.ts'
import { packError } from './packed-error.ts'
import type { FrontOrder, FrontReport } from './thread-messages.ts'

/** Of one turn more are not held back: the core begins with them while the others are read. */
const arrivalsPerMessageMax = 16

type Port = NonNullable<typeof parentPort>

/** The core, as it is seen from here: what comes in one turn of the loop goes over together. */
class RemoteCore implements Core {
  readonly #port: Port
  readonly #waiting = new Map<number, (told: Told) => void>()
  #numbers = 0
  #isSending = false
  #arrivals: FlatValue[] = []
  #gathered = 0
  #ended: FlatValue[] = []
  #alone: AnswerAlone[] = []

  constructor(port: Port) {
    this.#port = port
  }

  take(arrival: Arrival): Taken {
    const number = this.#numbers++
    packArrival(this.#arrivals, { number, arrival })
    this.#gathered += 1
    if (this.#gathered === arrivalsPerMessageMax) this.send()
    else this.#sendSoon()
    return {
      told: new Promise((resolve) => this.#waiting.set(number, resolve)),
      ended: (sent?: Sent) => {
        packEnd(this.#ended, sent === undefined ? { number } : { number, sent })
        this.#sendSoon()
      },
    }
  }

  answered(answer: AnsweredRequest): void {
    this.#alone.push(packAlone(answer))
    this.#sendSoon()
  }

  tell(number: number, told: Told): void {
    this.#waiting.get(number)?.(told)
    this.#waiting.delete(number)
  }

  send(): void {
    this.#isSending = false
    const [arrivals, ended, alone] = [this.#arrivals, this.#ended, this.#alone]
    if (arrivals.length + ended.length + alone.length === 0) return
    this.#arrivals = []
    this.#ended = []
    this.#alone = []
    this.#gathered = 0
    this.#port.postMessage({ is: 'turn', arrivals, ended, alone } satisfies FrontReport)
  }

  #sendSoon(): void {
    if (this.#isSending) return
    this.#isSending = true
    setImmediate(() => this.send())
  }
}

/** The thread of a `ThreadFront`: `workerData` has the settings. It opens the front, and says that it did or why not. */
async function serve(port: Port, settings: FrontSettings): Promise<void> {
  const core = new RemoteCore(port)
  const report = (what: FrontReport): void => port.postMessage(what)
  try {
    const front = await openFront(settings, { clock: systemClock, random: systemRandom, core })
    port.on('message', (order: FrontOrder) => void carryOut(order, front, core, report))
    report({ is: 'open', port: front.port })
  } catch (error) {
    report({ is: 'refused', error: packError(toMayflyError(error)) })
  }
}

async function carryOut(
  order: FrontOrder,
  front: Front,
  core: RemoteCore,
  report: (what: FrontReport) => void,
): Promise<void> {
  switch (order.do) {
    case 'tell':
      for (const { number, told } of unpackTold(order.told)) core.tell(number, told)
      break
    case 'present':
      front.present(order.material)
      break
    case 'follow':
      front.follow(order.limits)
      break
    case 'answer':
      report({ is: 'awake' })
      break
    case 'close':
      await front.close()
      core.send()
      report({ is: 'closed' })
      break
  }
}

if (parentPort !== null) void serve(parentPort, workerData as FrontSettings)
