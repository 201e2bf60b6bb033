import type { Readable } from 'node:stream'

/** What a program printed is for a person to read in a log: its end says why it failed. */
const outputBytesMax = 8_192

/** The last bytes of a stream, in bounded memory. */
export class OutputTail {
  #bytes: Buffer = Buffer.alloc(0)

  constructor(stream: Readable | null, bytesMax: number = outputBytesMax) {
    stream?.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]).subarray(-bytesMax)
    })
    stream?.on('error', () => undefined)
  }

  text(): string {
    return this.#bytes.toString('utf8')
  }
}
