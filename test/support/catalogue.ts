import type { Tool } from '../../src/core/tool.ts'
import { toolNamed } from './tool-named.ts'

/** Services with the things they hold, as their real tools are called. The verbs below make 1,000 tools of them. */
const services: Readonly<Record<string, string>> = {
  GitHub: 'Issue PullRequest Repository Branch Release Workflow Gist Milestone',
  GitLab: 'Issue MergeRequest Project Pipeline Runner Snippet Epic Wiki',
  Linear: 'Issue Cycle Project Team Label Comment Roadmap View',
  Jira: 'Issue Sprint Board Epic Worklog Version Component Filter',
  Slack: 'Message Channel Reminder Emoji Usergroup Canvas Bookmark Thread',
  Teams: 'Message Channel Meeting Team Tab Shift Call Chat',
  Gmail: 'Email Draft Label Thread Filter Attachment Signature Alias',
  Outlook: 'Email Draft Folder Rule Contact Category Event Room',
  GoogleCalendar: 'Event Calendar Attendee Reminder Setting FreeBusy Room Invitation',
  GoogleDrive: 'File Folder Permission Revision Comment Shortcut Drive Export',
  GoogleSheets: 'Spreadsheet Range Row Column Chart PivotTable NamedRange Sheet',
  GoogleDocs: 'Document Paragraph Heading Table Comment Suggestion Footnote Image',
  Notion: 'Page Database Block Comment Property Template Workspace View',
  Confluence: 'Page Space Attachment Label Comment Blogpost Whiteboard Template',
  Salesforce: 'Opportunity Account Lead Contact Case Campaign Quote Forecast',
  HubSpot: 'Deal Company Contact Ticket Pipeline Form Sequence Note',
  Zendesk: 'Ticket Macro Trigger View Organization Article Satisfaction Sla',
  Intercom: 'Conversation Contact Segment Article Tag Tour Survey Admin',
  Stripe: 'Invoice Customer Subscription Refund Payout Coupon Dispute Product',
  Shopify: 'Order Product Customer Discount Fulfillment Inventory Collection Draft',
  PagerDuty: 'Incident Schedule Service Escalation Oncall Override Postmortem Responder',
  Datadog: 'Monitor Dashboard Metric Log Incident Slo Downtime Trace',
  Workday: 'Employee Absence Payslip Position Expense Goal Review Organization',
  Figma: 'Design Component Comment Version Style Variable Team Branch',
  Zoom: 'Meeting Recording Webinar Registrant Poll Participant Transcript Room',
}

const verbs = [
  ['List', 'Lists the THINGs that the connected account can see, newest first.', 'read'],
  ['Get', 'Shows one THING with all of its details.', 'read'],
  ['Create', 'Makes a new THING.', 'create'],
  ['Update', 'Changes fields of a THING that is there already.', 'update'],
  ['Delete', 'Removes a THING for good. This cannot be undone.', 'delete'],
] as const

/** Always the same 1,000. */
export function bigCatalogue(): Tool[] {
  const tools = Object.entries(services).flatMap(([service, things]) =>
    things.split(' ').flatMap((thing) => {
      const said = thing.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
      return verbs.map(([verb, sentence, operation]) =>
        toolNamed(`${service}_${verb}${thing}`, {
          title: `${verb} ${said}`,
          description: `${sentence.replace('THING', said)} Use the other ${service} tools for anything else.`,
          inputSchema: {
            type: 'object',
            properties: {
              [verb === 'List' ? 'query' : `${said.replaceAll(' ', '_')}_name`]: {
                type: 'string',
                description: `What people call the ${said}.`,
              },
              limit: { type: 'integer' },
            },
          },
          behaviour: {
            operation,
            destructive: operation === 'delete',
            idempotent: operation === 'read',
            openWorld: true,
          },
          source: { kind: 'upstream', upstream: service, remoteName: thing },
        }),
      )
    }),
  )
  return tools.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** What people want, and the tool for it. No synonyms: each has some word of the tool, as a person would say it. */
export const bigQuestions = [
  ['create an issue in linear', 'Linear_CreateIssue'],
  ['new github issue', 'GitHub_CreateIssue'],
  ['list jira sprints', 'Jira_ListSprint'],
  ['what sprints are on our jira board', 'Jira_ListSprint'],
  ['show the salesforce opportunity of Acme', 'Salesforce_GetOpportunity'],
  ['update salesforce opportunity', 'Salesforce_UpdateOpportunity'],
  ['change the stage of an opportunity', 'Salesforce_UpdateOpportunity'],
  ['refund a customer in stripe', 'Stripe_CreateRefund'],
  ['stripe refunds', 'Stripe_ListRefund'],
  ['delete a slack reminder', 'Slack_DeleteReminder'],
  ['slack messages', 'Slack_ListMessage'],
  ['draft an email in gmail', 'Gmail_CreateDraft'],
  ['gmail drafts list', 'Gmail_ListDraft'],
  ['create merge request', 'GitLab_CreateMergeRequest'],
  ['mergerequest gitlab list', 'GitLab_ListMergeRequest'],
  ['get pipeline details gitlab', 'GitLab_GetPipeline'],
  ['pagerduty incident create', 'PagerDuty_CreateIncident'],
  ['who is oncall', 'PagerDuty_GetOncall'],
  ['list on-call pagerduty', 'PagerDuty_ListOncall'],
  ['datadog dashboards', 'Datadog_ListDashboard'],
  ['create a monitor', 'Datadog_CreateMonitor'],
  ['notion page create', 'Notion_CreatePage'],
  ['update a block in notion', 'Notion_UpdateBlock'],
  ['delete confluence page', 'Confluence_DeletePage'],
  ['whiteboards', 'Confluence_ListWhiteboard'],
  ['pivot table in a spreadsheet', 'GoogleSheets_CreatePivotTable'],
  ['google sheets rows', 'GoogleSheets_ListRow'],
  ['google doc heading update', 'GoogleDocs_UpdateHeading'],
  ['calendar event create', 'GoogleCalendar_CreateEvent'],
  ['free busy', 'GoogleCalendar_GetFreeBusy'],
  ['zoom recordings', 'Zoom_ListRecording'],
  ['get a transcript of a meeting', 'Zoom_GetTranscript'],
  ['zendesk macros', 'Zendesk_ListMacro'],
  ['update zendesk ticket', 'Zendesk_UpdateTicket'],
  ['hubspot deals', 'HubSpot_ListDeal'],
  ['create hubspot contact', 'HubSpot_CreateContact'],
  ['workday absence', 'Workday_CreateAbsence'],
  ['payslips', 'Workday_ListPayslip'],
  ['file an expense', 'Workday_CreateExpense'],
  ['shopify orders', 'Shopify_ListOrder'],
  ['inventory update', 'Shopify_UpdateInventory'],
  ['figma comments', 'Figma_ListComment'],
  ['drive permissions of a file', 'GoogleDrive_ListPermission'],
  ['remove permission from drive', 'GoogleDrive_DeletePermission'],
  ['outlook rooms', 'Outlook_ListRoom'],
  ['teams chat list', 'Teams_ListChat'],
  ['delete repo', 'GitHub_DeleteRepository'],
  ['list repositories', 'GitHub_ListRepository'],
  ['intercom conversations', 'Intercom_ListConversation'],
  ['satisfaction zendesk', 'Zendesk_GetSatisfaction'],
] as const satisfies readonly (readonly [string, string])[]
