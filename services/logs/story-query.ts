// What a person types into the search, as keys to look up. All words must match; a word may mean several things, then any
// of them will do.
import type { StoryQuery } from '../protocol/api.ts';
import { AppError } from '../protocol/errors.ts';
import { type Fate, fateSchema } from '../protocol/story.ts';
import { createDomainScope, type DomainScope } from './mail-domain.ts';
import { searchKeys } from './story-keys.ts';

/** Words of one search. */
export const queryWordsMax = 8;

export type StorySearch = {
  /** Each entry is a list of alternatives (see story-keys.ts); a story must have one key of every list. */
  readonly conditions: ReadonlyArray<readonly string[]>;
  /** Only mail from or to it; what is said of a message is said of its recipients there. */
  readonly scope?: DomainScope;
  readonly fate?: Fate;
  readonly node?: string;
  readonly since?: number;
  readonly until?: number;
};

/** @throws AppError `bad-query`, naming the word and what would be right. */
export function readStoryQuery(query: StoryQuery): StorySearch {
  const words = (query.q ?? '').split(/\s+/).filter((word) => word !== '');
  if (words.length > queryWordsMax)
    throw new AppError('bad-query', `The search has ${words.length} words; at most ${queryWordsMax} are allowed.`);
  const scope = query.domain === undefined ? undefined : createDomainScope(query.domain);
  const conditions: string[][] = scope === undefined ? [] : [domainKeys(scope.name)];
  let fate = query.fate;
  let node = query.node;
  let { since, until } = query;
  for (const word of words) {
    const time = readTimeWord(word);
    if (time !== undefined) {
      since = Math.max(since ?? time.since, time.since);
      until = Math.min(until ?? time.until, time.until);
      continue;
    }
    const [, name, value] = /^(from|to|fate|node|domain|id):(.*)$/i.exec(word) ?? [];
    if (name === undefined || value === undefined) {
      conditions.push(anyMeaning(word));
      continue;
    }
    if (value === '') throw new AppError('bad-query', `"${word}" has nothing after the colon.`);
    switch (name.toLowerCase()) {
      case 'from':
        conditions.push(addressOrDomain(value).map(searchKeys.from));
        break;
      case 'to':
        conditions.push(addressOrDomain(value).map(searchKeys.to));
        break;
      case 'domain':
        conditions.push(domainKeys(value));
        break;
      case 'id':
        conditions.push(idKeys(value));
        break;
      case 'node':
        node = value;
        break;
      default: {
        const parsed = fateSchema.safeParse(value.toLowerCase());
        if (!parsed.success)
          throw new AppError('bad-query', `"${value}" is no fate.`, {
            hint: `Fates are ${fateSchema.options.join(', ')}.`,
          });
        fate = parsed.data;
      }
    }
  }
  if (since !== undefined && until !== undefined && since > until)
    throw new AppError('bad-query', 'The search ends before it begins.');
  return {
    conditions,
    ...(scope === undefined ? {} : { scope }),
    ...(fate === undefined ? {} : { fate }),
    ...(node === undefined ? {} : { node }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}

const timeWord = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(:\d{2})?)?(Z|[+-]\d{2}:\d{2})?$/;

/** A day, a minute or a second, as precise as it was typed: messages first seen within it. UTC where no zone is stated. */
function readTimeWord(word: string): { since: number; until: number } | undefined {
  const [, day, minute, second, zone = 'Z'] = timeWord.exec(word) ?? [];
  if (day === undefined) return undefined;
  const since = Date.parse(`${day}T${minute ?? '00:00'}${second ?? ':00'}${zone}`);
  if (!Number.isFinite(since)) throw new AppError('bad-query', `"${word}" is no date of the calendar or time of day.`);
  const spanMs = minute === undefined ? 86_400_000 : second === undefined ? 60_000 : 1_000;
  return { since, until: since + spanMs - 1 };
}

const bare = (text: string): string => text.replace(/^</, '').replace(/>$/, '');

/**
 * `example.org` and `@example.org` name a domain, `.example.org` that and everything below it, everything else with an @ an
 * address. Any of what comes back will do.
 */
function addressOrDomain(text: string): string[] {
  const value = bare(text).replace(/^@(?=\.)/, '');
  if (value.startsWith('.')) return [`@${value.slice(1)}`, value];
  return [value.includes('@') ? value : `@${value}`];
}

function domainKeys(text: string): string[] {
  const names = addressOrDomain(text.replace(/^.*@/, ''));
  return [...names.map(searchKeys.from), ...names.map(searchKeys.to)];
}

function idKeys(text: string): string[] {
  const id = bare(text);
  const keys = [searchKeys.messageId(id)];
  if (/^[0-9A-Za-z]{5,32}$/.test(id)) keys.push(searchKeys.queueId(id));
  // Short queue ids are upper-case hexadecimal; people type them as they like.
  if (/^[0-9a-fA-F]{5,16}$/.test(id) && id !== id.toUpperCase()) keys.push(searchKeys.queueId(id.toUpperCase()));
  const trace = /^(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-.*)?$/i.exec(id)?.[1];
  if (trace !== undefined) keys.push(searchKeys.traceId(trace));
  return keys;
}

function anyMeaning(word: string): string[] {
  const value = bare(word);
  const keys = idKeys(value);
  if (word.startsWith('<')) return value.includes('@') ? [...keys, searchKeys.from(value), searchKeys.to(value)] : keys;
  if (value.includes('@')) keys.push(searchKeys.from(value), searchKeys.to(value));
  else if (value.includes('.')) keys.push(...domainKeys(value));
  keys.push(searchKeys.saslUser(value));
  return keys;
}
