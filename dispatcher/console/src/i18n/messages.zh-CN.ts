/** 工单时间线上的消息。 */
export const messagesZh = {
  heading: '消息',
  none: '尚未发送任何消息',
  failed: '消息未能读取',
  caller: '来电人',
  until: '等到 {time}',
  reason: {
    quiet_hours: '免打扰时段',
    throttled: '限频',
    bundled: '合并发送',
    no_contact_point: '没有可用的联系方式',
    all_failed: '全部发送失败',
    no_receipt: '没有送达回执',
  },
  state: { waiting: '等待发送', under_way: '发送中', reached: '已送达', answered: '已应答', unreached: '未送达', cancelled: '已取消' },
  attempt: { queued: '排队', sent: '已发出', delivered: '已送达', answered: '已应答', failed: '失败', dead: '放弃', cancelled: '已取消' },
  channel: { webhook: '系统接口', sms: '短信', voice: '语音电话', mail: '邮件', wecom: '企业微信', dingtalk: '钉钉', feishu: '飞书' },
}
