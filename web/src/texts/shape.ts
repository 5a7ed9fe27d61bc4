/** What a text may be: a sentence, a sentence with something to fill in, or a group of them. */
export type Text = string | ((...given: never[]) => string);

/** A tree of texts. */
export interface TextShape {
  readonly [name: string]: Text | TextShape;
}
