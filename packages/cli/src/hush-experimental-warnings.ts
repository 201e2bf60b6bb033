/**
 * Keeps Node's experimental warnings (ML-DSA in Web Crypto, SQLite) off standard error, where scripts read
 * Mayfly's errors. Every other warning is shown as ever.
 */
export function hushExperimentalWarnings(): void {
  const shown = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name === 'ExperimentalWarning') return
    for (const show of shown) show.call(process, warning)
  })
}
