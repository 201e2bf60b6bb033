/** A reporter for `node --test` that writes only the skipped tests, a line each. */
export default async function* skipReporter(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' || data.skip === undefined || data.skip === false) continue
    const reason = typeof data.skip === 'string' && data.skip !== '' ? data.skip : 'no reason given'
    yield `${data.name}: ${reason}\n`
  }
}
