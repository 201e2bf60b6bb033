import type { ReadStream } from 'node:tty'
import { stripVTControlCharacters } from 'node:util'
import { MayflyError } from '@mayfly/ca-core'
import { type EditedLine, emptyLine, typeByte } from './edited-line.ts'

/** Where a person is asked. Questions go to standard error, so that standard output stays the answer. */
export interface Terminal {
  /** Whether there is a person to ask. */
  readonly interactive: boolean
  say(text: string): void
  ask(question: string): Promise<string>
  /** Asks without showing what is typed. */
  askSecret(question: string): Promise<Uint8Array>
}

/** The terminal that this process was started on. */
export function openTerminal(
  input: ReadStream = process.stdin,
  output: NodeJS.WriteStream = process.stderr,
): Terminal {
  const reader = new ByteReader(input)
  const interactive = input.isTTY === true && output.isTTY === true

  async function ask(question: string, shown: boolean): Promise<Uint8Array> {
    if (!interactive) {
      throw new MayflyError(
        'usage',
        `There is no terminal to ask this on: "${question.trim()}" Answer by a flag; see --help.`,
      )
    }
    const ending = listenForEnd()
    // Before the question is shown: who answers at once must not be echoed by the terminal either.
    input.setRawMode(true)
    output.write(question)
    const show = (text: string): void => void (shown && output.write(Buffer.from(text, 'latin1')))
    try {
      return await readLine(() => reader.next(ending.signal), show)
    } finally {
      input.setRawMode(false)
      output.write('\n')
      ending.dispose()
    }
  }

  return {
    interactive,
    say: (text) => void output.write(`${output.isTTY ? text : stripVTControlCharacters(text)}\n`),
    ask: async (question) => Buffer.from(await ask(question, true)).toString('utf8'),
    askSecret: (question) => ask(question, false),
  }
}

/** What ends a process. While a question is open it is an answer, as Ctrl-C is: the terminal must not stay mute. */
const endings = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const

function listenForEnd(): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController()
  const end = (): void => controller.abort()
  for (const ending of endings) process.on(ending, end)
  return {
    signal: controller.signal,
    dispose() {
      for (const ending of endings) process.off(ending, end)
    },
  }
}

async function readLine(
  next: () => Promise<number | undefined>,
  show: (text: string) => void,
): Promise<Uint8Array> {
  let line: EditedLine = emptyLine
  while (line.state === 'open') {
    line = typeByte(line, await next())
    show(line.echo)
  }
  if (line.state === 'cancelled') throw new MayflyError('cancelled', 'Cancelled; nothing was done.')
  return line.bytes
}

/** Bytes of a stream one by one; what was typed ahead stays for the next question. */
class ByteReader {
  readonly #input: ReadStream
  #pending: Uint8Array = new Uint8Array()

  constructor(input: ReadStream) {
    this.#input = input
  }

  /** `undefined` at the end of the stream, or when `signal` is aborted. */
  async next(signal: AbortSignal): Promise<number | undefined> {
    if (signal.aborted) return undefined
    if (this.#pending.length === 0) this.#pending = await this.#chunk(signal)
    const [byte] = this.#pending
    this.#pending = this.#pending.subarray(1)
    return byte
  }

  #chunk(signal: AbortSignal): Promise<Uint8Array> {
    const input = this.#input
    return new Promise((resolve) => {
      const settle = (chunk: Uint8Array): void => {
        input.off('data', settle)
        input.off('end', end)
        signal.removeEventListener('abort', end)
        input.pause()
        resolve(chunk)
      }
      const end = (): void => settle(new Uint8Array())
      input.on('data', settle)
      input.on('end', end)
      signal.addEventListener('abort', end)
      input.resume()
    })
  }
}
