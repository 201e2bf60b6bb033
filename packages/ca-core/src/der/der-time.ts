import type { Instant } from '../time/instant.ts'
import type { DerElement } from './der-element.ts'
import { derInvalid } from './der-invalid.ts'
import { derTags } from './der-tags.ts'
import { encodeElement } from './der-writer.ts'

const utcTimePattern = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
const generalizedTimePattern = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
const ascii = new TextDecoder('latin1')
const isoCharacters = '2026-01-01T00:00:00.000Z'.length

/**
 * A `Time` of RFC 5280 4.1.2.5: UTCTime through 2049 and GeneralizedTime from 2050, both to the
 * second and in Zulu. Any other form, and days that are in no calendar, throw `der-invalid`.
 */
export function timeOf(element: DerElement): Instant {
  const text = ascii.decode(element.content)
  const isUtcTime = element.tag === derTags.utcTime
  if (!isUtcTime && element.tag !== derTags.generalizedTime)
    throw derInvalid('something else where a time belongs')
  const match = (isUtcTime ? utcTimePattern : generalizedTimePattern).exec(text)
  if (match === null) throw derInvalid('a time that is not to the second and in Zulu')
  const [, years = '', month = '', day = '', hour = '', minute = '', second = ''] = match
  const year = isUtcTime ? Number(years) + (Number(years) < 50 ? 2000 : 1900) : Number(years)
  if (!isUtcTime && year < 2050) throw derInvalid('a year before 2050 that is not a UTCTime')
  const iso = `${String(year).padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const instant = Date.parse(iso)
  if (Number.isNaN(instant) || new Date(instant).toISOString() !== iso)
    throw derInvalid('a time in no calendar')
  return instant
}

/** The `Time` of `instant`, cut down to the second. Throws `RangeError` outside 1950 to 9999. */
export function encodeTime(instant: Instant): Uint8Array {
  const iso = new Date(instant).toISOString()
  // Years before 0 and after 9999 have a sign and six digits.
  const year = iso.length === isoCharacters ? Number(iso.slice(0, 4)) : Number.NaN
  if (!(year >= 1950)) throw new RangeError('the time is outside 1950 to 9999')
  const isUtcTime = year < 2050
  const date = iso.slice(isUtcTime ? 2 : 0, 4) + iso.slice(5, 7) + iso.slice(8, 10)
  const text = `${date}${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`
  return encodeElement(isUtcTime ? derTags.utcTime : derTags.generalizedTime, Buffer.from(text, 'latin1'))
}
