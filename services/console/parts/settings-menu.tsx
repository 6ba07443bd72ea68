// Language and theme as two small buttons: each says in its name what it does.
import { en } from '../words/en.ts';
import { zh } from '../words/zh.ts';
import { type Theme, useConsole } from './console-context.ts';

const nextTheme: Readonly<Record<Theme, Theme>> = { system: 'dark', dark: 'light', light: 'system' };
const themeShapes: Readonly<Record<Theme, string>> = {
  system: 'M8 2a6 6 0 1 0 .01 0M8 2v12a6 6 0 0 0 0-12',
  light:
    'M8 5a3 3 0 1 0 .01 0M8 .8v2M8 13.2v2M.8 8h2M13.2 8h2M2.9 2.9l1.4 1.4M11.7 11.7l1.4 1.4M2.9 13.1l1.4-1.4M11.7 4.3l1.4-1.4',
  dark: 'M13.5 9.7A6 6 0 0 1 6.3 2.5a6 6 0 1 0 7.2 7.2',
};

export function SettingsMenu({ openHelp }: { readonly openHelp: () => void }) {
  const { words, language, setLanguage, theme, setTheme, announce } = useConsole();
  const other =
    language === 'en'
      ? ({ code: 'zh', tag: 'zh-Hans', words: zh } as const)
      : ({ code: 'en', tag: 'en', words: en } as const);
  const themeName = `${words.settings.theme}: ${words.settings[theme]}`;
  return (
    <>
      <button type="button" className="plain" lang={other.tag} onClick={() => setLanguage(other.code)}>
        {other.words.language}
      </button>
      <button
        type="button"
        className="plain"
        aria-label={themeName}
        title={themeName}
        onClick={() => {
          setTheme(nextTheme[theme]);
          announce(`${words.settings.theme}: ${words.settings[nextTheme[theme]]}`);
        }}
      >
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" className={`theme-${theme}`}>
          <path
            d={themeShapes[theme]}
            fill={theme === 'system' ? 'currentColor' : 'none'}
            fillRule="evenodd"
            stroke="currentColor"
            strokeWidth="1.4"
            strokeLinecap="round"
          />
        </svg>
      </button>
      <button type="button" className="plain" aria-label={words.settings.help} aria-keyshortcuts="?" onClick={openHelp}>
        ?
      </button>
    </>
  );
}
