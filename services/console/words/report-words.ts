// What the page of reports says, in both languages.

export type ReportColumn =
  | 'name'
  | 'count'
  | 'messages'
  | 'bytes'
  | 'received'
  | 'delivered'
  | 'deferred'
  | 'bounced'
  | 'rejected'
  | 'meanDelay'
  | 'longestDelay';
export type ReportTotal =
  | 'received'
  | 'delivered'
  | 'forwarded'
  | 'filtered'
  | 'deferred'
  | 'deferrals'
  | 'bounced'
  | 'expired'
  | 'rejected'
  | 'rejectWarnings'
  | 'held'
  | 'discarded'
  | 'senders'
  | 'recipients'
  | 'authFailures'
  | 'warnings'
  | 'errors'
  | 'fatals'
  | 'panics';
export type ReportTableName =
  | 'byDay'
  | 'providers'
  | 'domains'
  | 'rejectReasons'
  | 'deferralReasons'
  | 'bounceReasons'
  | 'senders'
  | 'sendingDomains'
  | 'recipients'
  | 'clients'
  | 'saslUsers'
  | 'authFailuresByUser'
  | 'authFailuresByAddress'
  | 'rejectWarningReasons'
  | 'heldReasons'
  | 'discardReasons'
  | 'warnings'
  | 'failures';

export type ReportWords = {
  readonly title: string;
  /** What a report of one domain leaves out. */
  readonly scoped: string;
  readonly totals: string;
  readonly totalNames: Readonly<Record<ReportTotal, string>>;
  readonly tables: Readonly<Record<ReportTableName, string>>;
  readonly columns: Readonly<Record<ReportColumn, string>>;
  readonly other: (names: string, atLeast: boolean) => string;
  readonly empty: string;
  readonly emptyText: string;
};

export const reportEn: ReportWords = {
  title: 'Reports',
  scoped: 'Warnings, errors, panics and lines that were not understood belong to no domain, and are left out here.',
  totals: 'Totals',
  totalNames: {
    received: 'Messages received',
    delivered: 'Recipients delivered to',
    forwarded: 'Forwarded',
    filtered: 'Handed to a filter',
    deferred: 'Messages put off',
    deferrals: 'Attempts put off',
    bounced: 'Bounced',
    expired: 'Expired',
    rejected: 'Rejected',
    rejectWarnings: 'Reject warnings',
    held: 'Held',
    discarded: 'Discarded',
    senders: 'Senders',
    recipients: 'Recipients',
    authFailures: 'Failed sign-ins',
    warnings: 'Warnings',
    errors: 'Errors',
    fatals: 'Fatal errors',
    panics: 'Panics',
  },
  tables: {
    byDay: 'Traffic by day',
    providers: 'Delivery by provider',
    domains: 'Delivery by domain',
    rejectReasons: 'Rejected because',
    deferralReasons: 'Deferred because',
    bounceReasons: 'Bounced because',
    senders: 'Senders',
    sendingDomains: 'Sending hosts and domains',
    recipients: 'Recipients',
    clients: 'Clients',
    saslUsers: 'Users that sent over SASL',
    authFailuresByUser: 'Failed sign-ins by user',
    authFailuresByAddress: 'Failed sign-ins by address',
    rejectWarningReasons: 'Warned, not rejected, because',
    heldReasons: 'Held because',
    discardReasons: 'Discarded because',
    warnings: 'Warnings',
    failures: 'Errors, fatals and panics',
  },
  columns: {
    name: 'Name',
    count: 'Count',
    messages: 'Messages',
    bytes: 'Size',
    received: 'Received',
    delivered: 'Delivered',
    deferred: 'Deferred',
    bounced: 'Bounced',
    rejected: 'Rejected',
    meanDelay: 'Mean delay',
    longestDelay: 'Longest delay',
  },
  other: (names, atLeast) => `${atLeast ? 'At least ' : ''}${names} more`,
  empty: 'No log line is of this time',
  emptyText: 'Choose a longer range, or another domain.',
};

export const reportZh: ReportWords = {
  title: '报告',
  scoped: '警告、错误、崩溃和未能理解的日志行不属于任何域名，这里不列出。',
  totals: '总计',
  totalNames: {
    received: '收到的邮件',
    delivered: '已投递的收件人',
    forwarded: '已转发',
    filtered: '交给过滤器',
    deferred: '被推迟的邮件',
    deferrals: '推迟次数',
    bounced: '被退回',
    expired: '超时退回',
    rejected: '已拒收',
    rejectWarnings: '仅警告未拒收',
    held: '已扣留',
    discarded: '已丢弃',
    senders: '发件人数',
    recipients: '收件人数',
    authFailures: '登录失败',
    warnings: '警告',
    errors: '错误',
    fatals: '致命错误',
    panics: '崩溃',
  },
  tables: {
    byDay: '每日流量',
    providers: '按服务商投递',
    domains: '按域名投递',
    rejectReasons: '拒收原因',
    deferralReasons: '推迟原因',
    bounceReasons: '退信原因',
    senders: '发件人',
    sendingDomains: '发件主机和域名',
    recipients: '收件人',
    clients: '客户端',
    saslUsers: '经 SASL 发信的用户',
    authFailuresByUser: '登录失败（按用户）',
    authFailuresByAddress: '登录失败（按地址）',
    rejectWarningReasons: '仅警告的原因',
    heldReasons: '扣留原因',
    discardReasons: '丢弃原因',
    warnings: '警告内容',
    failures: '错误、致命错误和崩溃',
  },
  columns: {
    name: '名称',
    count: '次数',
    messages: '邮件数',
    bytes: '大小',
    received: '收到',
    delivered: '投递',
    deferred: '推迟',
    bounced: '退回',
    rejected: '拒收',
    meanDelay: '平均延迟',
    longestDelay: '最长延迟',
  },
  other: (names, atLeast) => `其他${atLeast ? '至少' : ''} ${names} 个`,
  empty: '这段时间没有日志',
  emptyText: '请选择更长的时间范围，或换一个域名。',
};
