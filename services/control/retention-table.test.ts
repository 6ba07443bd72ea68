import { expect, test } from 'vitest';
import { parseConfig } from '../runtime/config-file.ts';
import { controlConfigSchema } from './config.ts';
import { describeRetention, retentionConfigSchema, retentionTable, storeBytesMin } from './retention-table.ts';

const faultsOf = (yamlText: string): string[] => {
  const result = parseConfig(controlConfigSchema, yamlText);
  return result.ok ? [] : result.faults.map(({ path, line, message }) => `${line} ${path}: ${message}`);
};

test('what stands without a configuration meets the three duties', () => {
  const { linesDays, storiesDays, auditActorsDays } = retentionConfigSchema.parse({});
  // Six months (July to December) and two years with a leap day in them.
  expect(linesDays).toBeGreaterThanOrEqual(184);
  expect(storiesDays).toBeLessThanOrEqual(180);
  expect(auditActorsDays).toBeGreaterThanOrEqual(731);
});

test.each(Object.entries(retentionTable))('%s has a default within its bounds, and a reason for them', (_name, row) => {
  expect(row.daysDefault).toBeGreaterThanOrEqual(row.daysMin);
  expect(row.daysDefault).toBeLessThanOrEqual(row.daysMax);
  expect(row.reason).toMatch(/^[A-Z].*\.$/);
});

test('a class outlives what it is drawn from only where the law says so', () => {
  const { samplesRaw, samplesMinute, samplesFiveMinutes, samplesHour } = retentionTable;
  const days = [samplesRaw, samplesMinute, samplesFiveMinutes, samplesHour].map(({ daysDefault }) => daysDefault);
  expect(days).toEqual([...days].sort((a, b) => a - b));
});

test.each([
  ['linesDays: 183', '2 retention.linesDays: 184 to 3650 days: Logs are kept for six months at least'],
  ['storiesDays: 181', '2 retention.storiesDays: 1 to 180 days: Data that was drawn from the log and names persons'],
  ['auditActorsDays: 730', '2 retention.auditActorsDays: 731 to 3653 days: Operations stay traceable for two years'],
  ['linesDays: half a year', '2 retention.linesDays: 184 to 3650 days'],
  ['linesDays: 200.5', '2 retention.linesDays: 184 to 3650 days'],
  ['at: every night', '2 retention.at: A cron expression is expected, as 17 3 * * *'],
  ['at: 99 3 * * *', '2 retention.at: A cron expression is expected'],
  [`bytesMax: ${storeBytesMin - 1}`, `2 retention.bytesMax: At least ${storeBytesMin} bytes`],
])('refuses %s with its line, what would be right and why', (line, fault) => {
  expect(faultsOf(`retention:\n  ${line}\n`)).toEqual([expect.stringContaining(fault)]);
});

test('takes what lies at its bounds', () => {
  expect(faultsOf('retention:\n  linesDays: 184\n  storiesDays: 180\n  at: "@daily"\n')).toEqual([]);
});

test('the table says how long each class is kept', () => {
  const table = describeRetention(retentionConfigSchema.parse({ storiesDays: 30 }));
  expect(table.map((row) => row.class)).toEqual(Object.keys(retentionTable));
  expect(table.find((row) => row.class === 'stories')).toMatchObject({ keptDays: 30, daysMin: 1, daysMax: 180 });
});
