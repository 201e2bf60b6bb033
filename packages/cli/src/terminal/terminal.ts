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
        `There is no terminal to ask on: ${question.trim()} Answer by a flag; see --help.`,
      )
    }
    // Before the question is shown: who answers at once must not be echoed by the terminal either.
    input.setRawMode(true)
    output.write(question)
    try {
      return await readLine(reader, shown ? (text) => output.write(Buffer.from(text, 'latin1')) : () => {})
    } finally {
      input.setRawMode(false)
      output.write('\n')
    }
  }

  return {
    interactive,
    say: (text) => void output.write(`${output.isTTY ? text : stripVTControlCharacters(text)}\n`),
    ask: async (question) => Buffer.from(await ask(question, true)).toString('utf8'),
    askSecret: (question) => ask(question, false),
  }
}

async function readLine(reader: ByteReader, show: (text: string) => void): Promise<Uint8Array> {
  let line: EditedLine = emptyLine
  while (line.state === 'open') {
    const next = typeByte(line, await reader.next())
    show(next.echo)
    line = next
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

  /** `undefined` at the end of the stream. */
  async next(): Promise<number | undefined> {
    if (this.#pending.length === 0) this.#pending = await this.#chunk()
    const [byte] = this.#pending
    this.#pending = this.#pending.subarray(1)
    return byte
  }

  #chunk(): Promise<Uint8Array> {
    const input = this.#input
    return new Promise((resolve) => {
      const settle = (chunk: Uint8Array): void => {
        input.off('data', settle)
        input.off('end', end)
        input.pause()
        resolve(chunk)
      }
      const end = (): void => settle(new Uint8Array())
      input.on('data', settle)
      input.on('end', end)
      input.resume()
    })
  }
}
