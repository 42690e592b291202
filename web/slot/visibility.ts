/** How long a message has to be in view, without a break, to count as displayed. */
export const SEEN_AFTER_MS = 1_000;
const HALF = 0.5;
const THRESHOLDS = [0, 0.1, 0.2, 0.3, 0.4, HALF, 0.6, 0.8, 1];

export type VisibilityWatch = {
  watch(element: Element): void;
  unwatch(element: Element): void;
  close(): void;
};

/**
 * Tells of each element once half of it (or, of a tall one, as much as fills half of the window) has been in view for a
 * second on end, in a document that is itself visible. `onEnter` as soon as any of it comes into view.
 */
export function watchVisibility(handlers: {
  onEnter(element: Element): void;
  onSeen(element: Element): void;
}): VisibilityWatch {
  const inView = new Set<Element>();
  const timers = new Map<Element, ReturnType<typeof setTimeout>>();

  function look(entries: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting, intersectionRatio, intersectionRect, rootBounds } of entries) {
      const windowHeight = rootBounds?.height ?? window.innerHeight;
      const enough = intersectionRatio >= HALF || intersectionRect.height >= windowHeight * HALF;
      if (isIntersecting && enough) inView.add(target);
      else inView.delete(target);
      if (isIntersecting) handlers.onEnter(target);
      judge(target);
    }
  }

  function judge(element: Element): void {
    if (!inView.has(element) || document.visibilityState !== 'visible') {
      clearTimeout(timers.get(element));
      timers.delete(element);
    } else if (!timers.has(element)) {
      timers.set(
        element,
        setTimeout(() => confirm(element), SEEN_AFTER_MS),
      );
    }
  }

  /** What happened since the observer last told counts too. */
  function confirm(element: Element): void {
    look(observer.takeRecords());
    if (!timers.has(element)) return;
    unwatch(element);
    handlers.onSeen(element);
  }

  function unwatch(element: Element): void {
    observer.unobserve(element);
    clearTimeout(timers.get(element));
    timers.delete(element);
    inView.delete(element);
  }

  const judgeAll = () => {
    for (const element of inView) judge(element);
  };
  const observer = new IntersectionObserver(look, { threshold: THRESHOLDS });
  document.addEventListener('visibilitychange', judgeAll);

  return {
    watch: (element) => observer.observe(element),
    unwatch,
    close() {
      observer.disconnect();
      document.removeEventListener('visibilitychange', judgeAll);
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
