import { expect, test } from 'vitest';
import type { StorySummary } from '../protocol/story.ts';
import { nextSteps, type Started, startedText } from './start-words.ts';

const started: Started = {
  url: 'http://127.0.0.1:7400',
  mode: 'demo',
  nodes: ['mx1', 'mx2', 'mx3'],
  files: [],
  smtpPort: 2525,
  readyMs: 1000,
};
const story: StorySummary = {
  id: 's1',
  firstSeenAt: 0,
  lastSeenAt: 0,
  fate: 'bounced',
  closed: true,
  queueIds: ['422AB9B2'],
  to: ['omar@gone.example'],
  recipientCount: 1,
  nodes: ['mx2'],
};

test('the commands name messages that are there, and the control process when it is not at the usual port', () => {
  expect(nextSteps(started, [story]).map(({ command }) => command)).toEqual([
    'npm run -s mailward -- trace 422AB9B2',
    'npm run -s mailward -- trace omar@gone.example',
    expect.stringContaining('curl smtp://127.0.0.1:2525 '),
  ]);
  const elsewhere = nextSteps({ ...started, url: 'http://127.0.0.1:7500' }, [story]);
  expect(elsewhere[0]?.command).toBe('npm run -s mailward -- trace 422AB9B2 --url http://127.0.0.1:7500');
});

test('without a demo and without a message yet, one command is left', () => {
  const { smtpPort: _, ...rest } = started;
  const local: Started = { ...rest, smtpPort: undefined, mode: 'agent', nodes: ['mail'], files: ['/var/log/mail.log'] };
  expect(nextSteps(local, []).map(({ command }) => command)).toEqual(['curl -s http://127.0.0.1:7400/metrics']);
  expect(startedText(local, [])).toContain('The agent follows /var/log/mail.log.');
});

test('an address that a stranger wrote is one word for a shell, and none that a terminal would obey', () => {
  const withTo = (to: string) => nextSteps(started, [{ ...story, to: [to] }]).map(({ command }) => command);
  expect(withTo("$(id)'@gone.example")[1]).toBe("npm run -s mailward -- trace '$(id)'\\''@gone.example'");
  expect(withTo('\u001b[2J@gone.example').join('\n')).not.toContain('gone.example');
});
