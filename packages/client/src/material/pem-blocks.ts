/**
 * The certificates in a PEM text, one block each, or undefined when the text holds anything else:
 * another label, text between the blocks, a block that doesn't end. Blank lines and lines that
 * start with `#` may stand between blocks.
 */
export function certificateBlocks(text: string): readonly string[] | undefined {
  const block = /-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----/g
  const rest = text.replace(block, '').replace(/^#.*$/gm, '')
  return rest.trim() === '' ? (text.match(block) ?? []) : undefined
}
