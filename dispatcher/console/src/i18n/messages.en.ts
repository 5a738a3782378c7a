/** The messages on the timeline of a ticket. */
export const messagesEn = {
  heading: 'Messages',
  none: 'Nobody was told anything yet',
  failed: 'The messages could not be read',
  caller: 'Caller',
  until: 'until {time}',
  reason: {
    quiet_hours: 'quiet hours',
    throttled: 'throttled',
    bundled: 'bundled',
    no_contact_point: 'no contact point',
    all_failed: 'every attempt failed',
    no_receipt: 'no delivery receipt',
  },
  state: { waiting: 'Waiting', under_way: 'Under way', reached: 'Reached', answered: 'Answered', unreached: 'Unreached', cancelled: 'Cancelled' },
  attempt: { queued: 'queued', sent: 'sent', delivered: 'delivered', answered: 'answered', failed: 'failed', dead: 'given up', cancelled: 'cancelled' },
  channel: { webhook: 'System', sms: 'Text message', voice: 'Call', mail: 'Mail', wecom: 'WeCom', dingtalk: 'DingTalk', feishu: 'Feishu' },
}
