// Entry of the console: language, theme, the live channel, and the page that the address names.
import { StrictMode, useEffect, useMemo, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter, Route, Routes } from 'react-router';
import { createLive, type Live } from './live/connection.ts';
import { LivePage } from './pages/live-page.tsx';
import { MessagesPage } from './pages/messages-page.tsx';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { OverviewPage } from './pages/overview-page.tsx';
import { ReportPage } from './pages/report-page.tsx';
import { StoryPage } from './pages/story-page.tsx';
import { type ConsoleContext, consoleContext } from './parts/console-context.ts';
import { Frame } from './parts/frame.tsx';
import { applyTheme, readLanguage, readTheme, writeLanguage, writeTheme } from './parts/settings.ts';
import { routes } from './paths.ts';
import { en } from './words/en.ts';
import { createFormat } from './words/format.ts';
import { zh } from './words/zh.ts';

/** How long a sentence that answers an action stays in sight. */
const announcedMs = 4000;

function Console({ live }: { readonly live: Live }) {
  const [language, setLanguage] = useState(readLanguage);
  const [theme, setTheme] = useState(readTheme);
  const [announced, setAnnounced] = useState<string>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-Hans' : 'en';
  }, [language]);

  const context = useMemo((): ConsoleContext => {
    const words = language === 'zh' ? zh : en;
    return {
      words,
      format: createFormat(language === 'zh' ? 'zh-CN' : 'en-GB', words.units),
      language,
      setLanguage(chosen) {
        writeLanguage(chosen);
        setLanguage(chosen);
      },
      theme,
      setTheme(chosen) {
        writeTheme(chosen);
        applyTheme(chosen);
        setTheme(chosen);
      },
      live,
      announce(sentence) {
        clearTimeout(timer.current);
        setAnnounced(sentence);
        timer.current = setTimeout(() => setAnnounced(undefined), announcedMs);
      },
    };
  }, [language, theme, live]);

  return (
    <consoleContext.Provider value={context}>
      <BrowserRouter>
        <Frame announced={announced}>
          <Routes>
            <Route path={routes.overview} element={<OverviewPage />} />
            <Route path={routes.messages} element={<MessagesPage />} />
            <Route path={routes.story} element={<StoryPage />} />
            <Route path={routes.report} element={<ReportPage />} />
            <Route path={routes.live} element={<LivePage />} />
            <Route path="*" element={<NotFoundPage />} />
          </Routes>
        </Frame>
      </BrowserRouter>
    </consoleContext.Provider>
  );
}

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
applyTheme(readTheme());
createRoot(root).render(
  <StrictMode>
    <Console live={createLive(Date.now)} />
  </StrictMode>,
);
