import { MayflyError } from '../errors/mayfly-error.ts'

const shownCharactersMax = 100

/** The error of every reader in this folder. The name is quoted, so that no control character reaches a log. */
export function nameInvalid(text: string, what: string): MayflyError {
  const shown = JSON.stringify(text.slice(0, shownCharactersMax)).replace(/[^\x20-\x7e]/g, escapeCharacter)
  return new MayflyError('name-invalid', `The name ${shown} is not valid: ${what}.`)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
