import * as z from 'zod'

/** The keys that an object at a path of the configuration may have. */
export type AllowedKeys = (path: readonly PropertyKey[]) => string[]

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: SchemaNode | boolean
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly allOf?: readonly SchemaNode[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, SchemaNode>>
}

/** Looks the keys up in the JSON Schema that is published for the same configuration. */
export function allowedKeys(schema: z.ZodType): AllowedKeys {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode
  return (path) => {
    let nodes = alternatives(root, root)
    for (const key of path) nodes = nodes.flatMap((node) => children(node, key, root))
    return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))]
  }
}

function children(node: SchemaNode, key: PropertyKey, root: SchemaNode): SchemaNode[] {
  const { additionalProperties: others, items } = node
  const child =
    typeof key === 'number'
      ? items
      : (node.properties?.[String(key)] ?? (typeof others === 'object' ? others : undefined))
  return child === undefined ? [] : alternatives(child, root)
}

function alternatives(node: SchemaNode, root: SchemaNode): SchemaNode[] {
  const target = node.$ref?.startsWith('#/$defs/')
    ? root.$defs?.[node.$ref.slice('#/$defs/'.length)]
    : undefined
  const nested = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])]
  if (target !== undefined) nested.push(target)
  return [node, ...nested.flatMap((other) => alternatives(other, root))]
}
