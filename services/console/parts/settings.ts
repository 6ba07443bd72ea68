// Language and theme: from the browser at first, remembered when somebody chooses.
import type { LanguageCode } from '../words/words.ts';
import type { Theme } from './console-context.ts';

const keys = { language: 'mailward.language', theme: 'mailward.theme' } as const;

// Storage may be forbidden; the page then forgets, and works.
function readKey(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function writeKey(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Nothing to do: see above.
  }
}

export function readLanguage(): LanguageCode {
  const remembered = readKey(keys.language);
  if (remembered === 'en' || remembered === 'zh') return remembered;
  return navigator.languages
    .find((tag) => /^(en|zh)\b/i.test(tag))
    ?.toLowerCase()
    .startsWith('zh')
    ? 'zh'
    : 'en';
}

export function writeLanguage(language: LanguageCode): void {
  writeKey(keys.language, language);
}

export function readTheme(): Theme {
  const remembered = readKey(keys.theme);
  return remembered === 'light' || remembered === 'dark' ? remembered : 'system';
}

export function writeTheme(theme: Theme): void {
  writeKey(keys.theme, theme);
}

/** The styles read it from here; `system` leaves the choice to the browser. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
