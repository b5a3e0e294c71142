import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Behaviour } from '../core/tool.ts'

const verbs: Readonly<Record<Behaviour['operation'], RegExp>> = {
  delete:
    /^(?:delete|remove|destroy|drop|purge|erase|clear|revoke|cancel|archive|close|uninstall|terminate|(?:wipe|truncate|kill)$)/,
  create:
    /^(?:create|add|insert|new|post|send|publish|upload|open|start|register|invite|schedule|submit|write|append|import|copy|fork|clone)/,
  update:
    /^(?:update|edit|set|change|modify|rename|move|patch|put|assign|merge|approve|reject|enable|disable|reset|sync|mark|toggle|run|execute|apply|replace|(?:transfer|pay|charge|refund|grant|deploy|trigger|restart)$)/,
  read: /^(?:get|list|read|search|find|fetch|query|show|describe|view|count|check|lookup|look|browse|export|download|preview|validate|compare|resolve|whoami|ping|echo|status|info)/,
}

/**
 * A proposal for an administrator to agree to; nothing decides by it (attack case 57). The verb in the name weighs more than
 * the server's hints where they disagree in the dangerous direction: a `delete_…` that says it only reads is not believed.
 */
export function suggestBehaviour(name: string, definition: JsonObject): Behaviour {
  const hints = isObject(definition['annotations']) ? definition['annotations'] : {}
  const verb = operationOf(name)
  const readOnly = hints['readOnlyHint'] === true
  const operation = verb ?? (readOnly ? 'read' : 'update')
  const destructive = operation !== 'read' && (operation === 'delete' || hints['destructiveHint'] !== false)
  return {
    operation: operation === 'read' && hints['readOnlyHint'] === false ? 'update' : operation,
    destructive: operation === 'read' ? hints['destructiveHint'] === true : destructive,
    idempotent: operation === 'read' || hints['idempotentHint'] === true,
    openWorld: hints['openWorldHint'] !== false,
  }
}

/** The first word that is a known verb: `repo_delete_file`, `deleteFile`, `files.delete`. */
function operationOf(name: string): Behaviour['operation'] | null {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  for (const word of words) {
    for (const [operation, pattern] of Object.entries(verbs)) {
      if (pattern.test(word)) return operation as Behaviour['operation']
    }
  }
  return null
}
