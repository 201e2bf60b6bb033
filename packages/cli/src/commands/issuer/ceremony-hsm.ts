import type { Hsm } from '@mayfly/ca-core'
import type { HsmSettings } from '@mayfly/issuer-daemon'
import { openHsm, readSecret } from '@mayfly/platform'
import type { Session } from '../session.ts'

/** Where the PIN of the HSM comes from. Never a flag's value, never the environment: both are shown by `ps`. */
export interface PinOptions {
  readonly pinFile?: string
  readonly pinFd?: number
}

/**
 * The HSM of the configuration, if there is one. Its PIN is what the flags say, otherwise the file that the configuration
 * names, otherwise a person's: a systemd credential exists only inside the unit.
 */
export function openCeremonyHsm(
  settings: HsmSettings | undefined,
  { pinFile, pinFd }: PinOptions,
  { fileSystem, environment, terminal, clock }: Session,
): Hsm | undefined {
  if (settings === undefined) return undefined
  const { uri, pin } = settings
  const configured = 'file' in pin ? { file: pin.file } : { prompt: 'PIN of the HSM: ' }
  const source = pinFile === undefined && pinFd === undefined ? configured : { file: pinFile, fd: pinFd }
  const ports = { fileSystem, environment, ask: terminal.askSecret }
  return openHsm({ uri, pin: () => readSecret(source, ports), clock, environment })
}
