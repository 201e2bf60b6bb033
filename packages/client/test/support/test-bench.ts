import type { RequestListener } from 'node:http'
import https from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import type { TestContext } from 'node:test'
import { createLiveDirectory, type LiveDirectory } from '../../../../test/support/load/live-directory.ts'
import {
  createTestPki,
  type TestLeaf,
  type TestLeafOptions,
  type TestPki,
} from '../../../../test/support/test-pki.ts'
import { type Identity, openIdentity, type PinnedServerOptions, type TrustOptions } from '../../src/index.ts'

export interface Host {
  readonly identity: Identity
  readonly live: LiveDirectory
  /** Issues and installs the next generation. */
  rotate(options?: TestLeafOptions): Promise<TestLeaf>
}

export interface HostOptions {
  readonly leaf?: TestLeafOptions
  readonly bundlePem?: string
  readonly trust?: TrustOptions
}

export interface Served<S extends Server = https.Server> {
  readonly server: S
  readonly port: number
  /** `https://localhost:<port>` */
  readonly url: string
}

/** One authority and what a test makes with it, all ended with the test. */
export class TestBench {
  readonly pki: TestPki
  readonly #ends: (() => unknown)[] = []

  constructor(t: TestContext, pki: TestPki) {
    this.pki = pki
    t.after(() => this.#end())
  }

  /** A host whose certificate is for `dns:<name>` and `dns:localhost`, with its identity opened. */
  async host(name: string, options: HostOptions = {}): Promise<Host> {
    const bundlePem = options.bundlePem ?? this.pki.bundlePem
    const names = [name, 'localhost']
    const live = await this.live(await this.pki.issue({ names, ...options.leaf }), bundlePem)
    const identity = await openIdentity(live.path, options.trust)
    this.after(() => identity.close())
    const rotate = async (leafOptions: TestLeafOptions = {}): Promise<TestLeaf> => {
      const leaf = await this.pki.issue({ names, ...leafOptions })
      await live.install(leaf, bundlePem)
      return leaf
    }
    return { identity, live, rotate }
  }

  async live(leaf: TestLeaf, bundlePem: string = this.pki.bundlePem): Promise<LiveDirectory> {
    const live = await createLiveDirectory('web')
    this.after(() => live.remove())
    await live.install(leaf, bundlePem)
    return live
  }

  serve(host: Host, options: PinnedServerOptions, handler: RequestListener = sayHello): Promise<Served> {
    return this.listen(host.identity.createServer(options, handler))
  }

  /** A server of Node's own with any certificate and none of this library's rules. */
  serveLeaf(leaf: TestLeaf, options: https.ServerOptions = {}): Promise<Served> {
    return this.listen(
      https.createServer({ cert: leaf.fullchainPem, key: leaf.keyPem, ...options }, sayHello),
    )
  }

  async listen<S extends Server>(server: S): Promise<Served<S>> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.after(() => {
      server.close()
      if (server instanceof https.Server) server.closeAllConnections()
    })
    const { port } = server.address() as AddressInfo
    return { server, port, url: `https://localhost:${port}` }
  }

  /** Runs `end` with the test's end. */
  after(end: () => unknown): void {
    this.#ends.unshift(end)
  }

  /** What was made last ends first: a live directory outlives the identity that watches it. */
  async #end(): Promise<void> {
    for (const end of this.#ends) await end()
  }
}

export async function createTestBench(t: TestContext): Promise<TestBench> {
  return new TestBench(t, await createTestPki())
}

function sayHello(...[, response]: Parameters<RequestListener>): void {
  response.end('hello')
}
