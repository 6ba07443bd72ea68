import { useEffect, useRef } from 'react';
import { useConsole } from './console-context.ts';

export function HelpDialog({ close }: { readonly close: () => void }) {
  const { words } = useConsole();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="help-title" className="help">
      <h2 id="help-title">{words.help.title}</h2>
      <dl>
        {words.help.rows.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <h2>{words.help.searchTitle}</h2>
      <dl>
        {words.help.searchRows.map(([example, what]) => (
          <div key={example}>
            <dt>
              <code>{example}</code>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => dialog.current?.close()}>
        {words.help.close}
      </button>
    </dialog>
  );
}
