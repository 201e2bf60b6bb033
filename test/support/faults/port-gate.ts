import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A port before another one, that can be shut: connections are taken and nothing comes back. */
export interface PortGate {
  readonly port: number
  isShut: boolean
  close(): Promise<void>
}

/** On `port`, or on one that the system chooses; on 127.0.0.1, or on `address`, from which it calls then. */
export async function openPortGate(
  target: number,
  port: number = 0,
  address: string = '127.0.0.1',
): Promise<PortGate> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    if (gate.isShut) return
    const inner = connect({ port: target, host: '127.0.0.1', localAddress: address }).on('error', () =>
      socket.destroy(),
    )
    inner.on('close', () => socket.destroy())
    socket.on('close', () => inner.destroy())
    socket.pipe(inner).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(port, address, resolve))
  const gate: PortGate = {
    port: (server.address() as AddressInfo).port,
    isShut: false,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
  return gate
}
