import { dirname } from 'node:path'
import { type FileSystem, type Instant, MayflyError } from '@mayfly/ca-core'
import { type EnrolmentRecord, enrolmentRecordSchema } from './enrolment-record.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'
import { type LineageState, lineageStateSchema } from './lineage-state.ts'
import { readIfThere } from './read-if-there.ts'
import { stateFileAccess, statePaths } from './state-folder.ts'

/** An instant has fewer digits; whatever else is in the file, it is a wish. */
const wishLengthMax = 32

/** The durable records of one certificate: its lineage, an enrolment under way, and a wish to renew now. */
export interface LineageStore {
  read(): Promise<LineageState | undefined>
  write(state: LineageState): Promise<void>
  readEnrolment(): Promise<EnrolmentRecord | undefined>
  writeEnrolment(record: EnrolmentRecord): Promise<void>
  removeEnrolment(): Promise<void>
  /** Notes that a person wants a new certificate now; `at` tells the wish from earlier ones. */
  wishRenewal(at: Instant): Promise<void>
  /**
   * What tells the latest wish from others, if there ever was one. It stands until the state says that it was granted:
   * nothing is taken away, so that no wish is ever taken for another that was said just before it.
   */
  renewalWish(): Promise<string | undefined>
}

/** Opens the records of `certificate` below the state folder, which `prepareStateFolder` has made. */
export function openLineageStore(fileSystem: FileSystem, state: string, certificate: string): LineageStore {
  const lineage = statePaths.lineage(state, certificate)
  const enrolment = statePaths.enrolment(state, certificate)
  const renewal = statePaths.renewal(state, certificate)
  const removeDurably = async (path: string): Promise<void> => {
    await fileSystem.remove(path)
    // A loss of power would bring back what was removed: an old enrolment would begin the lineage anew.
    await fileSystem.syncDirectory(dirname(path))
  }
  const readWish = async (): Promise<string | undefined> => {
    const content = await readIfThere(fileSystem, renewal)
    return content && new TextDecoder().decode(content).slice(0, wishLengthMax)
  }
  const remedy = `restore it from a backup of this host, or move it away and enrol again with \`mayfly agent enroll TOKEN --name ${certificate}\``
  return {
    async read() {
      const found = await readJsonFile(fileSystem, lineage, lineageStateSchema, remedy)
      if (found !== undefined && found.certificate !== certificate)
        throw misplaced(lineage, found.certificate, remedy)
      return found
    },
    write: (next) => writeJsonFile(fileSystem, lineage, next),
    readEnrolment: () =>
      readJsonFile(fileSystem, enrolment, enrolmentRecordSchema, 'remove it and enrol with a new token'),
    writeEnrolment: (record) => writeJsonFile(fileSystem, enrolment, record),
    removeEnrolment: () => removeDurably(enrolment),
    async wishRenewal(at) {
      const latest = await readWish()
      // Two wishes of one millisecond are two.
      const wish = latest === String(at) ? at + 1 : at
      await fileSystem.replaceFile(renewal, new TextEncoder().encode(String(wish)), stateFileAccess)
    },
    renewalWish: readWish,
  }
}

function misplaced(path: string, found: string, remedy: string): MayflyError {
  return new MayflyError('state-invalid', `${path}: it belongs to the certificate ${found}; ${remedy}`, {
    details: { path, found },
  })
}
