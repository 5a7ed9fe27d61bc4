import { useTexts } from "../app/context.tsx";
import { useTitle } from "../app/title.ts";
import { links } from "../routing/links.ts";
import { Link } from "../routing/location.tsx";

/** An address that leads nowhere: says which, and the way on. */
export function NotFoundPage(props: { readonly path: string }) {
  const texts = useTexts();
  useTitle(texts.errors.notFound);
  return (
    <>
      <div className="eh">
        <h1>{texts.errors.notFound}</h1>
      </div>
      <p>{texts.errors.notFoundText(props.path)}</p>
      <p className="mt16">
        <Link to={links.home} className="btn">
          {texts.errors.goHome}
        </Link>
      </p>
    </>
  );
}
