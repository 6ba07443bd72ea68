import { en } from '../words/en.ts';
import type { LanguageCode } from '../words/words.ts';
import { zh } from '../words/zh.ts';
import { type Theme, useConsole } from './console-context.ts';

export function SettingsMenu({ openHelp }: { readonly openHelp: () => void }) {
  const { words, language, setLanguage, theme, setTheme } = useConsole();
  return (
    <>
      <select
        className="plain"
        aria-label={words.settings.language}
        value={language}
        onChange={({ target }) => setLanguage(target.value as LanguageCode)}
      >
        <option value="en" lang="en">
          {en.language}
        </option>
        <option value="zh" lang="zh-Hans">
          {zh.language}
        </option>
      </select>
      <select
        className="plain"
        aria-label={words.settings.theme}
        value={theme}
        onChange={({ target }) => setTheme(target.value as Theme)}
      >
        <option value="system">{words.settings.system}</option>
        <option value="light">{words.settings.light}</option>
        <option value="dark">{words.settings.dark}</option>
      </select>
      <button type="button" className="plain" aria-label={words.settings.help} aria-keyshortcuts="?" onClick={openHelp}>
        ?
      </button>
    </>
  );
}
