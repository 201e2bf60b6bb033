/** A JSON Schema as it is published beside a package. */
export function schemaFile(schema: object): string {
  return `${JSON.stringify(schema, undefined, 2)}\n`
}
