// Whose servers take a mail: told by the end of the relay's name.

/** Domains of mail hosts (MX targets) and of the mailboxes themselves. */
const domainsByProvider: Readonly<Record<string, readonly string[]>> = {
  google: ['google.com', 'googlemail.com', 'gmail.com'],
  microsoft: ['outlook.com', 'office365.us', 'hotmail.com', 'live.com', 'msn.com', 'mx.microsoft'],
  yahoo: ['yahoodns.net', 'yahoo.com', 'yahoo.co.jp', 'ymail.com', 'aol.com'],
  apple: ['icloud.com', 'me.com', 'mac.com', 'apple.com'],
  netease: ['163.com', '126.com', 'yeah.net', 'netease.com', 'ntesmail.com'],
  tencent: ['qq.com', 'foxmail.com'],
  alibaba: ['aliyun.com', 'mxhichina.com', 'alibaba.com', 'alibaba-inc.com'],
  sina: ['sina.com', 'sina.cn', 'sina.com.cn'],
  sohu: ['sohu.com'],
  'china mobile': ['139.com'],
  'china telecom': ['189.cn', '21cn.com'],
  'gmx and web.de': ['gmx.net', 'gmx.de', 'gmx.com', 'web.de', 'mail.com'],
  ionos: ['kundenserver.de', 'ionos.com', 'perfora.net'],
  'deutsche telekom': ['t-online.de'],
  freenet: ['freenet.de'],
  orange: ['orange.fr', 'wanadoo.fr'],
  free: ['free.fr'],
  'mail.ru': ['mail.ru', 'bk.ru', 'inbox.ru', 'list.ru'],
  yandex: ['yandex.ru', 'yandex.net', 'yandex.com'],
  naver: ['naver.com'],
  zoho: ['zoho.com', 'zoho.eu', 'zohomail.com'],
  proton: ['protonmail.ch', 'protonmail.com', 'proton.me'],
  fastmail: ['messagingengine.com', 'fastmail.com'],
  comcast: ['comcast.net'],
  amazon: ['amazonaws.com'],
  ovh: ['ovh.net'],
  mimecast: ['mimecast.com'],
  proofpoint: ['pphosted.com', 'ppe-hosted.com'],
  barracuda: ['barracudanetworks.com'],
  cisco: ['iphmx.com'],
};

const providerByDomain = new Map(
  Object.entries(domainsByProvider).flatMap(([provider, domains]) => domains.map((domain) => [domain, provider])),
);

/** The provider of a host or a mail domain, in lower case; `other` for everybody else. */
export function providerOf(host: string): string {
  for (let at = 0; at >= 0; ) {
    const provider = providerByDomain.get(at === 0 ? host : host.slice(at));
    if (provider !== undefined) return provider;
    const dot = host.indexOf('.', at);
    at = dot < 0 ? -1 : dot + 1;
  }
  return 'other';
}
