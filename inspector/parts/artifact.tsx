import { useEffect, useRef, useState } from 'preact/hooks';
import { download } from '../api/connection.ts';

/** A picture that the API keeps: read with the token, shown from memory. */
export function Picture({ path, alt, every }: { path: string; alt: string; every?: number }) {
  const [found, setFound] = useState<{ url: string } | { why: string } | null>(null);
  const place = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const isSeen = () => {
      const box = place.current?.getBoundingClientRect();
      return !document.hidden && box !== undefined && box.bottom > 0 && box.top < innerHeight;
    };
    let asked = false;
    let over = false;
    let url: string | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      try {
        // One that nobody looks at is not asked for.
        if (isSeen() || !asked) {
          asked = true;
          const blob = await download(path);
          if (over) return;
          const former = url;
          url = URL.createObjectURL(blob);
          setFound({ url });
          if (former) URL.revokeObjectURL(former);
        }
      } catch (error) {
        // What was seen last stays; where nothing was, it is said why.
        if (!over && url === undefined) setFound({ why: (error as Error).message });
      }
      if (every !== undefined && !over) timer = setTimeout(read, every);
    };
    void read();
    return () => {
      over = true;
      clearTimeout(timer);
      if (url) URL.revokeObjectURL(url);
    };
  }, [path, every]);

  return (
    <div ref={place} class="picture-place">
      {found === null ? (
        <div class="picture" role="status" aria-label={`Reading ${alt}`} />
      ) : 'why' in found ? (
        <p class="picture muted small">{found.why}</p>
      ) : (
        <a class="picture" href={found.url} target="_blank" rel="noreferrer">
          <img src={found.url} alt={alt} />
        </a>
      )}
    </div>
  );
}

/** A file of the API's, kept by the browser under a name. */
export async function save(path: string, name: string, accept?: string): Promise<void> {
  const url = URL.createObjectURL(await download(path, accept));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Not at once: the browser reads it when it gets to it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
