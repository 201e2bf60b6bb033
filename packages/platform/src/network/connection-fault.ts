/**
 * What went wrong with a connection, in one line. OpenSSL's own text has a number, a function and the path of a source
 * file, and ends in a line end; Node gives its reason apart.
 */
export function connectionFault(error: Error): string {
  if (!('reason' in error) || typeof error.reason !== 'string') return error.message
  const isOtherProtocol = 'code' in error && error.code === 'ERR_SSL_WRONG_VERSION_NUMBER'
  return isOtherProtocol ? `what answers there does not speak TLS (${error.reason})` : error.reason
}
