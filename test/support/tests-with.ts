import { after, before, type TestFn, test } from 'node:test'
import { type DebianPackage, withoutPackages } from './missing-programs.ts'

/** What a file of tests takes from `node:test`. */
export interface TestFunctions {
  before(hook: () => Promise<void>): void
  after(hook: () => Promise<void>): void
  test(name: string, body: TestFn): void
}

/** The functions of `node:test` for a file that needs Debian packages: where one is missing all of it skips. */
export function testsWith(...packages: DebianPackage[]): TestFunctions {
  const skip = withoutPackages(...packages)
  return {
    before: (hook) => {
      if (skip === false) before(hook)
    },
    after: (hook) => {
      if (skip === false) after(hook)
    },
    test: (name, body) => void test(name, { skip }, body),
  }
}
