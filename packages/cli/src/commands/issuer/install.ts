import { dirname, join } from 'node:path'
import {
  formatFingerprint,
  formatInstant,
  MayflyError,
  parseCertificate,
  parseFingerprint,
  readTrustBundle,
} from '@mayfly/ca-core'
import {
  authorityFiles,
  type InstalledAuthority,
  type IssuerConfiguration,
  installAuthority,
  type PassphraseSource,
  readIssuerConfiguration,
} from '@mayfly/issuer-daemon'
import { inFile } from '@mayfly/platform'
import { readText } from '../../ceremony/root-folder.ts'
import { answerFileNames } from '../../ceremony/sign-request.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { closedFolders } from '../../systemd/fit-unit.ts'
import { installUnit, requireUnitRights, type UnitOptions } from '../../systemd/install-unit.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import type { Session } from '../session.ts'
import type { issuerInstallJson } from './issuer-json.ts'
import { stateOwnersFiles } from './state-owner.ts'

export interface IssuerInstallOptions extends UnitOptions {
  readonly dir?: string
  readonly config: string
  readonly prepare?: boolean
  readonly intermediate?: string
  readonly bundle?: string
  readonly rootFingerprint?: string
  readonly json?: boolean
}

/** `mayfly issuer install` */
export async function issuerInstall(
  options: IssuerInstallOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof issuerInstallJson>>> {
  requireUnitRights(options)
  const { fileSystem, clock } = session
  const configuration = await readIssuerConfiguration(fileSystem, options.config)
  requireUnattended(configuration, options)
  const { state, trustDomain } = configuration
  const paths = answerPaths(options, authorityFiles(state).current.certificate)
  const { intermediatePem, bundleText } = await readAnswer(paths, session)
  const installed = await installAuthority({
    fileSystem: await stateOwnersFiles(fileSystem, state),
    state,
    trustDomain,
    now: clock.now(),
    intermediatePem,
    bundleText,
    prepareOnly: options.prepare === true,
    ...(options.rootFingerprint !== undefined && {
      rootFingerprint: parseFingerprint(options.rootFingerprint),
    }),
  })
  const needs = {
    writes: writtenFolders(configuration),
    credentials: credentialOf(configuration.passphrase),
    pins: credentialOf(configuration.hsm?.pin),
  }
  const units = await installUnit('mayfly-issuer', options, options.config, session, needs)
  return describe(installed, units, othersToGive(configuration))
}

/** Before anything is done: the unit would start, and end for want of somebody to ask. */
function requireUnattended(
  { passphrase, hsm }: IssuerConfiguration,
  { systemd, unitDir }: UnitOptions,
): void {
  if (systemd !== true && unitDir === undefined) return
  const asked = [
    ...('prompt' in passphrase ? [['passphrase', 'passphrase: { credential: passphrase }']] : []),
    ...(hsm !== undefined && 'prompt' in hsm.pin ? [['PIN', 'hsm.pin: { credential: pin }']] : []),
  ]
  const [first] = asked
  if (first === undefined) return
  const [what, setting] = first
  const message = `Under systemd there is no terminal to ask for the ${what} on. Set ${setting} in the configuration.`
  throw new MayflyError('config-invalid', message)
}

function writtenFolders({ state, store }: IssuerConfiguration): string[] {
  return [...new Set([state, ...(store.kind === 'sqlite' ? [dirname(store.path)] : [])])]
}

function credentialOf(source: PassphraseSource | undefined): string[] {
  return source !== undefined && 'credential' in source ? [source.credential] : []
}

/** What the user of the unit has to be given: systemd gives it only its usual state folder. */
function othersToGive(configuration: IssuerConfiguration): string[] {
  const { passphrase, hsm } = configuration
  return [
    ...closedFolders(writtenFolders(configuration), unitUser),
    ...('file' in passphrase ? [passphrase.file] : []),
    ...(hsm !== undefined && 'file' in hsm.pin ? [hsm.pin.file] : []),
  ]
}

/** Also the name of its state folder. */
const unitUser = 'mayfly-issuer'

const intermediateOrigin =
  '`mayfly root sign` writes the first, and `mayfly issuer install DIR` puts it there'

/** What cannot be read at all is told with its file, before anything is done with it. */
async function readAnswer(
  { intermediate, bundle }: ReturnType<typeof answerPaths>,
  { fileSystem }: Session,
): Promise<{ readonly intermediatePem: string; readonly bundleText: string }> {
  const intermediatePem = await readText(fileSystem, intermediate, intermediateOrigin)
  const bundleText = await readText(fileSystem, bundle, '`mayfly root sign` writes it')
  await inFile(intermediate, () => parseCertificate(intermediatePem))
  await inFile(bundle, () => readTrustBundle(bundleText))
  return { intermediatePem, bundleText }
}

/** A bundle alone belongs to the intermediate that signs now. */
function answerPaths(
  { dir, intermediate, bundle }: IssuerInstallOptions,
  current: string,
): { readonly intermediate: string; readonly bundle: string } {
  if (dir === undefined && bundle === undefined) {
    throw new MayflyError(
      'usage',
      `Name the folder with ${answerFileNames.intermediate} and ${answerFileNames.bundle}, or a new trust bundle with --bundle.`,
    )
  }
  return {
    intermediate: intermediate ?? (dir === undefined ? current : join(dir, answerFileNames.intermediate)),
    bundle: bundle ?? join(dir ?? '', answerFileNames.bundle),
  }
}

function describe(
  installed: InstalledAuthority,
  units: readonly string[],
  others: readonly string[],
): Answer<JsonOf<typeof issuerInstallJson>> {
  const { certificate, root, bundle, retired, isPrepared } = installed
  return {
    json: {
      subject: certificate.subject,
      serial: certificate.serial,
      sha256: certificate.fingerprint,
      notAfter: formatInstant(certificate.notAfter),
      rootSha256: root.fingerprint,
      bundleSequence: bundle.sequence,
      ...(retired !== undefined && { retired }),
      prepared: isPrepared,
      units,
    },
    lines: [
      heading(whatWasDone(installed)),
      ...columns([
        ['Subject', certificate.subject],
        ['SHA-256', formatFingerprint(certificate.fingerprint)],
        ['Until', formatInstant(certificate.notAfter)],
        ['Root', formatFingerprint(root.fingerprint)],
        ['Trust bundle', `sequence ${bundle.sequence}`],
        ...(retired === undefined ? [] : [['Retired', formatFingerprint(retired)] as const]),
        ...units.map((unit) => ['Unit', unit] as const),
      ]),
      '',
      ...(units.length === 0 || others.length === 0 ? [] : [adviceOnOwner(others)]),
      adviceFor(isPrepared, units),
    ],
  }
}

/** Whoever has picked the wrong file is to see that nothing came of it. */
function whatWasDone({ isPrepared, news }: InstalledAuthority): string {
  if (isPrepared) return 'The intermediate is prepared.'
  if (news.intermediate) return 'The intermediate was installed.'
  return news.bundle
    ? 'The trust bundle was installed.'
    : 'Nothing has changed: this intermediate and this trust bundle were installed already.'
}

function adviceOnOwner(others: readonly string[]): string {
  return `The unit runs as ${unitUser}, to whom this must belong: chown -R ${unitUser}: ${others.join(' ')}`
}

function adviceFor(isPrepared: boolean, units: readonly string[]): string {
  if (isPrepared) return 'It waits until `mayfly issuer activate` or `mayfly issuer taint`.'
  return units.length > 0
    ? 'Start it: systemctl start mayfly-issuer'
    : 'A running issuer takes it up on SIGHUP; start one with `mayfly issuer run`.'
}
