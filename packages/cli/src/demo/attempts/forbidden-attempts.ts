import { once } from 'node:events'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { createServer, type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import {
  createCertificateRequest,
  encodeBase64url,
  endpointPaths,
  endpointUrl,
  generateKeyPair,
  mediaTypes,
  type Problem,
  parseCertificateChain,
  parsePrivateKey,
  parseProblem,
  signRequest,
} from '@mayfly/ca-core'
import { openIdentity, openTrust } from '@mayfly/client'
import { systemClock, systemRandom } from '@mayfly/platform'
import { freePorts } from '../setting/free-ports.ts'
import { writeForeignCertificate } from './other-authority.ts'

/** Something that must not work, and what came of it. */
export interface Attempt {
  readonly what: string
  readonly refused: boolean
  /** How it was refused, or what it got. */
  readonly how: string
}

export interface AttemptSettings {
  /** The live folder of the host that calls. */
  readonly callerLive: string
  /** URLs of the servers that ask for a certificate. */
  readonly targets: readonly { readonly host: string; readonly url: string }[]
  readonly issuerUrl: string
  /** A folder of an older generation, still valid, whose successor is in use. */
  readonly olderGeneration: string
  /** A folder for what the attempts write. */
  readonly scratch: string
}

/** Tries everything that must be refused, one after the other. */
export async function tryWhatIsForbidden(settings: AttemptSettings): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  const stranger = join(settings.scratch, 'stranger')
  await mkdir(stranger, { recursive: true })
  await writeForeignCertificate(stranger, { profile: 'peer', names: ['ip:127.0.0.1', 'dns:stranger.test'] })
  await copyFile(join(settings.callerLive, 'bundle.pem'), join(stranger, 'bundle.pem'))
  for (const target of settings.targets) {
    attempts.push(await callWithPublicRoots(target, settings))
    attempts.push(await callWithoutCertificate(target, settings))
    attempts.push(await callWithForeignCertificate(target, settings, stranger))
  }
  attempts.push(await callAnImpostor(settings, stranger))
  attempts.push(await askWithOlderGeneration(settings))
  return attempts
}

type Target = AttemptSettings['targets'][number]

async function callWithPublicRoots({ host, url }: Target, { callerLive }: AttemptSettings): Promise<Attempt> {
  const what = `a caller that trusts the public roots calls ${host}`
  const { cert, key } = await ownPair(callerLive)
  return outcome(what, () => plainCall(url, { ca: [...rootCertificates], cert, key }))
}

async function callWithoutCertificate(
  { host, url }: Target,
  { callerLive }: AttemptSettings,
): Promise<Attempt> {
  const what = `a caller without a certificate calls ${host}`
  const ca = await readFile(join(callerLive, 'bundle.pem'))
  return outcome(what, () => plainCall(url, { ca }))
}

async function callWithForeignCertificate(
  { host, url }: Target,
  { callerLive }: AttemptSettings,
  stranger: string,
): Promise<Attempt> {
  const what = `a caller with another CA's certificate calls ${host}`
  const ca = await readFile(join(callerLive, 'bundle.pem'))
  const { cert, key } = await ownPair(stranger)
  return outcome(what, () => plainCall(url, { ca, cert, key }))
}

/** A server under another CA, where a host of ours is expected. */
async function callAnImpostor({ callerLive }: AttemptSettings, stranger: string): Promise<Attempt> {
  const [port] = await freePorts(1)
  const impostor = createServer(await ownPair(stranger), (_, answer) => answer.end('trust me\n'))
  impostor.listen(port, '127.0.0.1')
  await once(impostor, 'listening')
  const identity = await openIdentity(callerLive)
  try {
    return await outcome("the client library calls a host with another CA's certificate", async () => {
      const answer = await identity.fetch(`https://127.0.0.1:${port}/`)
      await answer.text()
      return answer.status
    })
  } finally {
    await identity.close()
    impostor.close()
    impostor.closeAllConnections()
  }
}

/** What a thief of an old backup would send: a well-formed request for a key of the thief's own. */
async function askWithOlderGeneration(settings: AttemptSettings): Promise<Attempt> {
  const { callerLive, issuerUrl, olderGeneration } = settings
  const { cert, key } = await ownPair(olderGeneration)
  const [leaf] = parseCertificateChain(cert.toString())
  if (leaf === undefined) throw new TypeError('a generation has no certificate')
  const csr = await createCertificateRequest({ keyPair: await generateKeyPair('ec-p256') })
  const url = endpointUrl(issuerUrl, endpointPaths.requests)
  const jws = await signRequest({
    keyPair: parsePrivateKey(key.toString()),
    signer: leaf,
    url,
    now: systemClock.now(),
    jti: encodeBase64url(systemRandom.bytes(16)),
    body: {
      csr: encodeBase64url(csr),
      report: {
        version: 'stolen',
        bundleSequence: 1,
        generation: 1,
        servedSerials: [],
        clockOffsetSeconds: 0,
      },
    },
  })
  const trust = await openTrust(join(callerLive, 'bundle.pem'))
  try {
    const answer = await trust.fetch(url, {
      method: 'POST',
      headers: { 'content-type': mediaTypes.jws },
      body: JSON.stringify(jws),
    })
    const problem = answer.ok ? undefined : ((await answer.json()) as Problem)
    const refused = problem !== undefined && parseProblem(problem).code === 'lineage-conflict'
    const how =
      problem === undefined ? `answered with status ${answer.status}` : `${problem.code}: ${problem.detail}`
    return { what: 'a request is signed with a stolen older generation', refused, how }
  } finally {
    await trust.close()
  }
}

/** Refused means that the handshake failed or that the server answered 400 or 403; nothing else does. */
async function outcome(what: string, call: () => Promise<number>): Promise<Attempt> {
  try {
    const status = await call()
    // nginx completes the handshake and answers 400 to whoever shows no certificate, or a wrong one.
    return { what, refused: status === 400 || status === 403, how: `answered with status ${status}` }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return { what, refused: isTrustFailure(cause), how: reasonOf(cause) }
  }
}

/** The error's own words; of OpenSSL's error lines only the reason, which stands after the library and function. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return /^[0-9A-F]+:error:[^:]*:[^:]*:[^:]*:([^:]*):/.exec(text)?.[1] ?? text
}

/** A refusal by a certificate's rules; a server that is merely down must not pass for one. */
function isTrustFailure(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code !== '' && !/^(ECONNREFUSED|ETIMEDOUT|ENOTFOUND|connect-timeout)$/.test(code)
}

function plainCall(url: string, options: RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(url, { ...options, agent: false, rejectUnauthorized: true }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode ?? 0))
      answer.once('error', reject)
    })
    call.once('error', reject)
    call.end()
  })
}

async function ownPair(folder: string): Promise<{ cert: Buffer; key: Buffer }> {
  const [cert, key] = await Promise.all([
    readFile(join(folder, 'fullchain.pem')),
    readFile(join(folder, 'key.pem')),
  ])
  return { cert, key }
}
