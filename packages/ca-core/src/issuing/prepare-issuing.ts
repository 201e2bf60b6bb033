import { MayflyError } from '../errors/mayfly-error.ts'
import { generateKeyPair } from '../keys/key-pair.ts'
import type { Name } from '../names/name.ts'
import { isSpiffeName } from '../names/uri-name.ts'
import type { Instant } from '../time/instant.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Authority } from './authority.ts'
import { decideLeaf, type LeafOrder } from './leaf-plan.ts'
import { type LeafParts, type LeafTemplate, prepareLeafTemplate } from './leaf-template.ts'
import { backdateSeconds, leafLifetimeSecondsMax } from './lifetimes.ts'
import { lint, requireLint } from './lint.ts'
import { type ProfileName, profiles, svidExtendedKeyUsage } from './profile.ts'
import { requireSameReading } from './second-reading.ts'
import { requireSignerOf, throwawaySigner } from './sign-linted.ts'

/** A leaf decided to the last byte, but for the signature. What it says can be recorded before it is signed. */
export interface LeafPlan extends LeafParts {
  readonly identity: string
  readonly profile: ProfileName
  /** SHA-256 of the intermediate that it is for. */
  readonly issuerFingerprint: string
  readonly tbs: Uint8Array
}

export interface IssuedLeaf {
  readonly der: Uint8Array
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** An authority and a profile, made ready: `plan` decides and is pure, `issue` only signs. */
export interface PreparedProfile {
  readonly profile: ProfileName
  readonly authority: Authority
  /** Throws `authority-expired`, `clock-wrong`, `names-not-allowed`, `profile-violation` or `key-reused`. */
  plan(order: LeafOrder): LeafPlan
  /** Signs a plan of this very `PreparedProfile`; each plan is to be issued once. */
  issue(plan: LeafPlan): Promise<IssuedLeaf>
}

/**
 * Makes an authority and a profile ready for issuing: encodes what is static, and lints specimens
 * signed with a throwaway key, so that a template that breaks a rule never meets the real key.
 * Throws `key-mismatch`, `profile-violation` or `lint-failed`.
 */
export async function prepareIssuing(options: {
  readonly authority: Authority
  readonly profile: ProfileName
}): Promise<PreparedProfile> {
  const { authority, profile } = options
  const issuer = authority.certificate
  checkAuthority(authority)
  const plain = prepareLeafTemplate(issuer, profiles[profile].extendedKeyUsage)
  const svid = prepareLeafTemplate(issuer, svidExtendedKeyUsage)
  await lintSpecimens(issuer, profile, { plain, svid })
  const templateFor = (names: readonly Name[]): LeafTemplate => (names.some(isSpiffeName) ? svid : plain)
  return {
    profile,
    authority,
    plan(order) {
      const parts = decideLeaf(order, issuer)
      const tbs = templateFor(parts.names).tbsOf(parts)
      return { ...parts, identity: order.identity.name, profile, issuerFingerprint: issuer.fingerprint, tbs }
    },
    async issue(plan) {
      if (plan.issuerFingerprint !== issuer.fingerprint)
        throw new TypeError('the plan is for another authority')
      const der = plain.wrap(plan.tbs, await authority.signer.sign(plan.tbs))
      const { serial, notBefore, notAfter } = plan
      return { der, serial, notBefore, notAfter }
    },
  }
}

/** Whatever was installed: only an intermediate by the profile table, with its own key, gets to issue. */
function checkAuthority({ certificate, signer }: Authority): void {
  requireSignerOf(certificate.publicKey, signer)
  const findings = lint(certificate.der, { kind: 'intermediate' })
  if (findings.length === 0) return
  const told = findings.map(({ message }) => message).join('; ')
  throw new MayflyError(
    'profile-violation',
    `"${certificate.subject}" is no intermediate that may issue: ${told}.`,
  )
}

async function lintSpecimens(
  issuer: Certificate,
  profile: ProfileName,
  templates: { readonly plain: LeafTemplate; readonly svid: LeafTemplate },
): Promise<void> {
  const signer = await throwawaySigner(issuer.publicKey.type)
  const { publicKey } = await generateKeyPair('ec-p256')
  for (const specimen of specimens) {
    const template = specimen.names.some(isSpiffeName) ? templates.svid : templates.plain
    const notBefore = issuer.notBefore
    const notAfter = Math.min(notBefore + (leafLifetimeSecondsMax - backdateSeconds) * 1000, issuer.notAfter)
    const tbs = template.tbsOf({ ...specimen, serial: specimenSerial, notBefore, notAfter, publicKey })
    // The issuer's name constraints bind real names, not the specimen's: they are looked at in `plan`.
    const { nameConstraints: _, ...unconstrained } = issuer
    const der = template.wrap(tbs, signer.sign(tbs))
    requireLint(der, { kind: 'leaf', profile, issuer: unconstrained })
    await requireSameReading(der)
  }
}

const specimenSerial = `40${'00'.repeat(15)}`

/** One with a common name, one without, one with a SPIFFE ID. */
const specimens: readonly { readonly commonName: string | undefined; readonly names: readonly Name[] }[] = [
  { commonName: 'specimen.invalid', names: [{ type: 'dns', value: 'specimen.invalid' }] },
  {
    commonName: undefined,
    names: [
      { type: 'dns', value: 'specimen.invalid' },
      { type: 'ip', value: '192.0.2.1' },
    ],
  },
  { commonName: undefined, names: [{ type: 'uri', value: 'spiffe://specimen.invalid/specimen' }] },
]
