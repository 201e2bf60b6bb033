import {
  encodeCertificateChain,
  encodePem,
  isMayflyError,
  MayflyError,
  parseCertificateChain,
  parseName,
  readTrustBundle,
  verifyTrustBundle,
} from '@mayfly/ca-core'
import { inFile } from '@mayfly/platform'
import { readText } from '../../ceremony/root-folder.ts'
import { type ChainQuestionAsked, describeDer, describePem } from '../../inspecting/describe-chain.ts'
import { describeBundle, describeRequestPem, describeToken } from '../../inspecting/describe-messages.ts'
import type { inspectJson, privateKeyJson } from '../../inspecting/inspect-json.ts'
import { lookAtServer } from '../../inspecting/look-at-server.ts'
import { recognise } from '../../inspecting/recognise.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import type { Session } from '../session.ts'
import { readSubject } from './read-subject.ts'

export interface InspectOptions {
  /** A path, `-` or an https URL. */
  readonly subject: string
  readonly bundle?: string
  readonly serverName?: string
  readonly json?: boolean
}

/** `mayfly inspect` */
export async function inspect(
  options: InspectOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof inspectJson>>> {
  const asked: ChainQuestionAsked = { now: session.clock.now(), ...(await readTrust(options, session)) }
  if (/^[a-z]+:\/\//i.test(options.subject)) return inspectServer(options, asked)
  return inspectBytes(await readSubject(options.subject, session), options.subject, asked)
}

async function inspectServer(
  { subject, serverName }: InspectOptions,
  asked: ChainQuestionAsked,
): Promise<Answer<JsonOf<typeof inspectJson>>> {
  if (!/^https:/i.test(subject) || !URL.canParse(subject)) {
    throw new MayflyError('usage', `${JSON.stringify(subject)}: write https://host or https://host:port.`)
  }
  const url = new URL(subject)
  const name = serverName ?? url.hostname.replace(/^\[|\]$/g, '')
  const { protocol, cipher, chain } = await lookAtServer(url, name)
  const pem = encodeCertificateChain(chain.map((der) => ({ der })))
  const shown = await describePem(pem, { ...asked, names: [parseName(name)] })
  return {
    json: { type: 'server', host: url.host, serverName: name, protocol, cipher, ...shown.json },
    lines: [heading(url.host), ...columns([['TLS', `${protocol}, ${cipher}`]]), '', ...shown.lines],
    ...(shown.exitCode !== undefined && { exitCode: shown.exitCode }),
  }
}

async function inspectBytes(
  bytes: Uint8Array,
  subject: string,
  asked: ChainQuestionAsked,
): Promise<Answer<JsonOf<typeof inspectJson>>> {
  const recognised = recognise(bytes)
  switch (recognised.is) {
    case 'certificates':
      return describePem(recognised.text, asked)
    case 'request':
      return describeRequestPem(recognised.text)
    case 'bundle':
      return describeBundle(recognised.text)
    case 'token':
      return describeToken(recognised.text, asked.now)
    case 'der':
      return inspectDer(recognised.bytes, asked)
    case 'private-key':
      return describePrivateKey(recognised.encrypted)
    case 'unknown':
      throw new MayflyError(
        'usage',
        `${subject} is no certificate, request, trust bundle or token that can be recognised.`,
      )
  }
}

/** A request begins like a certificate, so both are tried. */
async function inspectDer(
  der: Uint8Array,
  asked: ChainQuestionAsked,
): Promise<Answer<JsonOf<typeof inspectJson>>> {
  try {
    return await describeDer(der, asked)
  } catch (error) {
    if (!isMayflyError(error, 'certificate-invalid')) throw error
    return describeRequestPem(encodePem('CERTIFICATE REQUEST', der))
  }
}

/** Nothing of a private key is ever shown. */
function describePrivateKey(encrypted: boolean): Answer<JsonOf<typeof privateKeyJson>> {
  return {
    json: { type: 'private-key', encrypted },
    lines: [encrypted ? 'An encrypted private key.' : 'A private key, not encrypted.'],
  }
}

/** A signed bundle, or the roots as PEM. */
async function readTrust(
  { bundle: path }: InspectOptions,
  { fileSystem }: Session,
): Promise<Pick<ChainQuestionAsked, 'trust'>> {
  if (path === undefined) return {}
  const text = await readText(fileSystem, path, 'it was to be the trust bundle')
  return inFile(path, async () => {
    if (!text.trimStart().startsWith('{'))
      return { trust: { roots: parseCertificateChain(text), distrusted: [] } }
    // The operator's own file: that it is whole is checked, that it is the right one is the operator's word.
    const { signerFingerprint } = await readTrustBundle(text)
    return { trust: await verifyTrustBundle(text, { rootFingerprint: signerFingerprint }) }
  })
}
