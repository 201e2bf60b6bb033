/** A line that is being typed on a terminal in raw mode. */
export interface EditedLine {
  readonly state: 'open' | 'entered' | 'cancelled'
  readonly bytes: Uint8Array
  /** What the last key would show, one character for each byte. */
  readonly echo: string
}

export const emptyLine: EditedLine = { state: 'open', bytes: new Uint8Array(), echo: '' }

const keys = {
  interrupt: 0x03,
  end: 0x04,
  backspace: 0x08,
  newline: 0x0a,
  enter: 0x0d,
  kill: 0x15,
  delete: 0x7f,
}

/** The line after one more byte was typed; `undefined` means that the terminal went away. */
export function typeByte(line: EditedLine, byte: number | undefined): EditedLine {
  switch (byte) {
    case undefined:
    case keys.interrupt:
    case keys.end:
      return { state: 'cancelled', bytes: new Uint8Array(), echo: '' }
    case keys.enter:
    case keys.newline:
      return { ...line, state: 'entered', echo: '' }
    case keys.backspace:
    case keys.delete:
      return eraseCharacter(line)
    case keys.kill:
      return { state: 'open', bytes: new Uint8Array(), echo: '\b \b'.repeat(charactersOf(line.bytes)) }
    default:
      return { state: 'open', bytes: Uint8Array.of(...line.bytes, byte), echo: String.fromCharCode(byte) }
  }
}

function eraseCharacter(line: EditedLine): EditedLine {
  if (line.bytes.length === 0) return { ...line, echo: '' }
  // UTF-8: the bytes that continue a character are 10xxxxxx.
  const start = line.bytes.findLastIndex((byte) => (byte & 0xc0) !== 0x80)
  return { state: 'open', bytes: line.bytes.slice(0, Math.max(start, 0)), echo: '\b \b' }
}

function charactersOf(bytes: Uint8Array): number {
  return bytes.filter((byte) => (byte & 0xc0) !== 0x80).length
}
