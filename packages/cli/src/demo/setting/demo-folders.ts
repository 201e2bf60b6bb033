import { join } from 'node:path'

/** The machines of the demo, each a folder. */
export interface DemoFolders {
  readonly root: string
  readonly issuer: string
  readonly stick: string
  /** A host by its name. */
  host(name: string): HostFolders
}

export interface HostFolders {
  readonly home: string
  readonly configuration: string
  readonly state: string
  readonly live: string
}

/** Where everything of the demo lies under `home`. Nothing is created. */
export function demoFolders(home: string): DemoFolders {
  return {
    root: join(home, 'root-box'),
    issuer: join(home, 'issuer'),
    stick: join(home, 'usb-stick'),
    host: (name) => ({
      home: join(home, name),
      configuration: join(home, name, 'agent.yaml'),
      state: join(home, name, 'state'),
      live: join(home, name, 'live'),
    }),
  }
}
