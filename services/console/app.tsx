// Entry of the console: language, theme, the live channel, and the page that the address names.
import { type ComponentType, lazy, StrictMode, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter, Route, Routes } from 'react-router';
import { ApiError } from './api/client.ts';
import { createLive, type Live } from './live/connection.ts';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { type ConsoleContext, consoleContext } from './parts/console-context.ts';
import { Frame } from './parts/frame.tsx';
import { applyTheme, readLanguage, readTheme, writeLanguage, writeTheme } from './parts/settings.ts';
import { Failure } from './parts/text.tsx';
import { routes } from './paths.ts';
import { en } from './words/en.ts';
import { createFormat } from './words/format.ts';
import { zh } from './words/zh.ts';

// Each page comes when it is looked at, and the rest soon after: a page that is open when its server goes, or is renewed,
// goes on working.
const reads: Array<() => Promise<unknown>> = [];
function page<Name extends string>(name: Name, read: () => Promise<Readonly<Record<Name, ComponentType>>>) {
  reads.push(read);
  return lazy(() =>
    read().then(
      (pages) => ({ default: pages[name] }),
      () => ({ default: PageLost }),
    ),
  );
}
const OverviewPage = page('OverviewPage', () => import('./pages/overview-page.tsx'));
const MessagesPage = page('MessagesPage', () => import('./pages/messages-page.tsx'));
const StoryPage = page('StoryPage', () => import('./pages/story-page.tsx'));
const ReportPage = page('ReportPage', () => import('./pages/report-page.tsx'));
const FailoverPage = page('FailoverPage', () => import('./pages/failover-page.tsx'));
const LivePage = page('LivePage', () => import('./pages/live-page.tsx'));

/** By then the first page stands. What cannot be fetched is asked for again when it is looked at. */
const readAheadMs = 3000;
setTimeout(() => {
  for (const read of reads) read().catch(() => {});
}, readAheadMs);

function PageLost() {
  return <Failure error={new ApiError(0, 'unreachable', '')} retry={() => location.reload()} />;
}

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
          <Suspense fallback={<p role="status">{context.words.loading}</p>}>
            <Routes>
              <Route path={routes.overview} element={<OverviewPage />} />
              <Route path={routes.messages} element={<MessagesPage />} />
              <Route path={routes.story} element={<StoryPage />} />
              <Route path={routes.report} element={<ReportPage />} />
              <Route path={routes.failover} element={<FailoverPage />} />
              <Route path={routes.live} element={<LivePage />} />
              <Route path="*" element={<NotFoundPage />} />
            </Routes>
          </Suspense>
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
