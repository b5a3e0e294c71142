import type { Command } from './command.ts'

export const command: Command = {
  usage: '',
  help: 'Project, role and name of the token in use.',
  async run(_, context) {
    const me = await context.api.get<{ project: string; role: string; name: string }>('/me')
    context.printJson(me)
    context.print(`${me.name}: ${me.role} of project ${me.project}`)
  },
}
