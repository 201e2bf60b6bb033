import type { CertificateSettings } from '../../../packages/agent/src/configuration/certificate-settings.ts'
import { certificateSchema } from '../../../packages/agent/src/configuration/certificate-settings.ts'

/** Of ten hosts one looks at its port between rotations: a look costs as much as a tenth of a rotation. */
const hostsPerLooker = 10
/** For the same reason not every quarter of an hour. */
const lookMinutes = 120

/** What the configuration of a host's agent says: of the first host, and of each tenth after it, that it looks. */
export function settingsOf(host: string): CertificateSettings {
  const number = Number(/\d+$/.exec(host)?.[0])
  const looks = number % hostsPerLooker === 1
  return certificateSchema.parse({
    keyType: 'ec-p256',
    ...(looks
      ? { probe: [{ connect: '127.0.0.1:443', serverName: host }], lookMinutes }
      : { lookMinutes: 0 }),
  })
}
