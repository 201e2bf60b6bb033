import { errorsPage } from './errors-page.ts'

/** The pages under `docs/` that are made from the code. */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/errors.md': errorsPage,
}
