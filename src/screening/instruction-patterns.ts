import type { Finding } from './finding.ts'

export type Pattern = {
  what: string
  /** Default: `instruction`. */
  kind?: Finding['kind']
  severity: Finding['severity']
  /** Of every group one word has to be there (in lower case) before the pattern is tried: most texts are honest. */
  needs: readonly (readonly string[])[]
  pattern: RegExp
  /** A second look at what the pattern caught. */
  confirm?: RegExp
  /** It is about how lines begin, so it is tried on the text as it is written. All others see wrapped lines as one. */
  lines?: true
}

/**
 * Wording that speaks to the model about something else than the task: published poisoned descriptions and prompt
 * injections, in groups. Each is written so that the plain description of a tool that does such a thing does not meet it;
 * the pairs in test/support/hostile keep both sides honest.
 */
export const instructionPatterns: readonly Pattern[] = [
  {
    what: 'sets instructions aside',
    severity: 'danger',
    needs: [
      ['ignor', 'disregard', 'forget', 'overrid', 'bypass'],
      ['instruction', 'prompt', 'rules', 'guideline', 'directive', 'constraint', 'polic', 'training'],
    ],
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,30}\b(?:previous|prior|above|earlier|preceding|existing|all|any|your|system|other)\b[^.\n]{0,30}\b(?:instructions?|prompts?|rules|guidelines|directives|constraints|policies|training)\b/gi,
  },
  {
    what: 'hides from the user',
    severity: 'danger',
    needs: [
      ['user', 'human', 'person', 'operator', 'customer'],
      ['not ', "n't", 'dont', 'never', 'without', 'avoid', 'no need'],
    ],
    pattern:
      /\b(?:do not|don'?t|never|without|avoid|must not|should not|no need to)\b[^.\n]{0,25}\b(?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)?|reveal(?:ing)?|show(?:ing)?|notify(?:ing)?|alert(?:ing)?|disclos(?:e|ing)|ask(?:ing)?|let(?:ting)?)\b[^.\n]{0,40}\b(?:the )?(?:user|human|person|operator|customer)\b/gi,
  },
  {
    what: 'is secret from the user',
    severity: 'danger',
    needs: [['secretly', 'silently', 'covertly', 'quietly', 'invisibly', 'behind the scenes']],
    pattern:
      /\b(?:secretly|silently|covertly|quietly|invisibly|behind the scenes)\b[^.\n]{0,60}\b(?:send|forward|upload|copy|copie|bcc|post|include|attach|pass|call|add|exfiltrate)(?:s|es|ing)?\b/gi,
  },
  {
    what: 'marks itself as an order',
    severity: 'danger',
    needs: [
      ['<', '[', 'system', 'developer'],
      [
        'important',
        'system',
        'inst',
        'secret',
        'hidden',
        'admin',
        'priority',
        'critical',
        'assistant',
        'developer',
        '<|',
      ],
    ],
    pattern:
      /<\/?\s{0,8}(?:important|system|instructions?|secret|hidden|admin|priority|critical|assistant|developer)\b[^>\n]{0,40}>|\[\s{0,8}(?:system|inst|\/inst|hidden|admin override)\s{0,8}\]|<\|(?:im_start|im_end|system|user|assistant|endoftext|begin_of_text|start_header_id)\|>/gi,
  },
  {
    what: 'marks itself as an order',
    severity: 'danger',
    needs: [
      ['system', 'developer'],
      ['prompt', 'message', 'instruction', 'override'],
    ],
    lines: true,
    pattern:
      /(?:^|\n)[ \t]{0,8}(?:#{1,3}[ \t]{0,8})?(?:system|developer)[ \t]{0,8}(?:prompt|message|instruction|override)s?[ \t]{0,8}:/gi,
  },
  {
    what: 'orders another call first',
    severity: 'danger',
    needs: [
      ['before', 'prior to', 'whenever', 'every time', 'each time', 'after'],
      ['must', 'always', 'have to', 'need to', 'should', 'shall', 'required'],
    ],
    pattern:
      /\b(?:before|prior to|whenever|every time|each time|after)\b[^.\n]{0,40}\b(?:using|calling|invoking|executing|running|you use|you call|any (?:other )?tool|other tools?)\b[^.\n]{0,80}\b(?:you )?(?:must|always|have to|need to|should|shall|are required to)\b[^.\n]{0,60}\b(?:call|read|send|use|invoke|execute|run|pass|include|fetch|open)\b/gi,
  },
  {
    what: 'orders the model for every task',
    severity: 'danger',
    needs: [
      ['must', 'shall', 'have to', 'required to'],
      ['always', 'first', 'immediately', 'in every', 'for every', 'regardless'],
    ],
    pattern:
      /\b(?:you|the (?:model|assistant|agent|ai|llm))\b[^.\n]{0,20}\b(?:must|shall|have to|are required to)\b[^.\n]{0,20}\b(?:always|first|immediately|in every|for every|regardless)\b[^.\n]{0,80}\b(?:tool|file|conversation|history|prompt|context|credential|token|secret|message|response|answer|email|recipient)/gi,
  },
  {
    what: 'reaches for credentials',
    severity: 'danger',
    needs: [['/.', 'id_', '/etc/', 'mcp.json', 'claude_desktop', '.env']],
    pattern:
      /(?:~|\$HOME|\/home\/\w+|\/Users\/\w+|\/root)\/\.(?:ssh|aws|gnupg|kube|cursor|docker|config\/gcloud|netrc|npmrc|env)\b|\bid_(?:rsa|ed25519|ecdsa)\b|\/etc\/(?:passwd|shadow)\b|\b(?:mcp\.json|claude_desktop_config\.json|\.env file)\b[^.\n]{0,60}\b(?:contents?|read|pass|send|include)\b/gi,
  },
  {
    what: 'wants the conversation',
    severity: 'danger',
    needs: [['conversation', 'chat', 'history', 'prompt', 'context window', 'dialogue', 'transcript', 'instructions']],
    pattern:
      /\b(?:pass|send|include|provide|put|paste|append|insert|copy|forward|summari[sz]e)\b[^.\n]{0,60}\b(?:entire|full|whole|complete|previous|all of the|verbatim)\b[^.\n]{0,40}\b(?:conversation|chat|message history|system prompt|context window|dialogue|transcript)\b|\b(?:system prompt|hidden prompt|initial instructions)\b[^.\n]{0,60}\b(?:in|as|into|through) (?:this|the) (?:parameter|argument|field|input)/gi,
  },
  {
    what: 'changes where another tool acts',
    severity: 'danger',
    needs: [
      ['must', 'should', 'have to', 'need to'],
      ['mail', 'message', 'payment', 'transfer', 'request', 'call', 'tool'],
    ],
    pattern:
      /\b(?:all|any|every|other|subsequent|future)\b[^.\n]{0,30}\b(?:emails?|messages?|payments?|transfers?|requests?|calls?|tools?)\b[^.\n]{0,60}\b(?:must|should|have to|need to)\b[^.\n]{0,40}\b(?:be )?(?:sent|redirected|forwarded|routed|cc'?d|bcc'?d|go|use)\b[^.\n]{0,20}\b(?:to|through|via|instead)\b/gi,
  },
  {
    what: 'shadows another tool',
    severity: 'danger',
    needs: [
      ['tool', 'server', 'function'],
      ['other', 'official', 'original', 'builtin', 'built-in', 'any', 'all', 'every'],
    ],
    pattern:
      /\b(?:do not|don'?t|never|stop)\b[^.\n]{0,15}\b(?:use|call|invoke|trust)\b[^.\n]{0,30}\b(?:other|official|original|built-?in|any)\b[^.\n]{0,30}\b(?:tools?|servers?|functions?)\b|\b(?:replaces|supersedes)\b[^.\n]{0,20}\b(?:all|every|any)\b[^.\n]{0,20}\b(?:other|previous)\b[^.\n]{0,20}\btools?\b/gi,
  },
  {
    what: 'plays a role for the model',
    severity: 'danger',
    needs: [['you are now', 'mode', 'new instruction', 'new system']],
    pattern:
      /\byou are now\b[^.\n]{0,60}\b(?:mode|unrestricted|jailbroken|dan|root|admin(?:istrator)?|developer)\b|\b(?:enter|activate|enable|switch to)\b[^.\n]{0,20}\b(?:developer|god|admin|debug|unrestricted|jailbreak|dan)\s+mode\b|\bnew (?:system )?instructions?\s*(?::|follow|from (?:the )?(?:user|admin|system))/gi,
  },
  {
    what: 'sends data in a picture or link',
    severity: 'danger',
    needs: [['](']],
    pattern: /!\[[^\]\n]{0,100}\]\(\s{0,8}https?:\/\/[^)\s]{1,400}/gi,
    confirm: /[?&].{0,300}(?:\{|<|%7B|data=|q=|secret=|token=|payload=)/i,
  },
  { what: 'an HTML comment', severity: 'notice', kind: 'markup', needs: [['<!--']], pattern: /<!--/g },
  {
    what: 'a long run of base64',
    kind: 'blob',
    severity: 'notice',
    needs: [],
    pattern: /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{160,}={0,2}/g,
  },
  {
    what: 'a data URL',
    kind: 'blob',
    severity: 'notice',
    needs: [['data:']],
    pattern: /\bdata:(?!image\/)[a-z]+\/[a-z0-9.+-]+[;,]/gi,
  },
]
