import { useConsole } from '../parts/console-context.ts';
import { Link } from '../parts/scoped-link.tsx';
import { Notice } from '../parts/text.tsx';
import { paths } from '../paths.ts';

export function NotFoundPage() {
  const { words } = useConsole();
  return (
    <Notice title={words.notFound.title}>
      <p>{words.notFound.text}</p>
      <p>
        <Link to={paths.overview()}>{words.notFound.home}</Link>
      </p>
    </Notice>
  );
}
