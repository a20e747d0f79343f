/**
 * The order of characters in the root collation (Unicode CLDR 48), as far as code points do not give it.
 *
 * Invariant: facts only.
 */

/** Punctuation and symbols. */
export const SYMBOLS =
    "‾_‗-‐‑‒–—―⁓,;⁏:!‼⁉¡?⁈⁇¿‽.․‥…·⁕⁖⁘⁙⁚⁛⁜⁝⁞'‘’‚‛‹›\"“”„‟«»()[]{}⁅⁆‖§¶⁋@*⁎⁑/\\&⁊#%‰‱†‡•‣‧⁃⁌⁍" +
    "′″‴⁗‵‶‷‸※‿⁔⁀⁐⁁⁂`´^¯¨¸°©®+±÷×<=>¬|¦~⁒⁄";

/** Signs of currencies, which follow other symbols. */
export const CURRENCIES = "¤¢$£¥₠₡₢₣₤₥₦₩₪₫€₭₮₯₰₱₲₳₴₵₶₷₸₹₺₻₼₽₾₿⃀₧₨";

/** Latin letters without accents. */
export const LATIN =
    "abƀƃcȼƈdȸƌȡeɇǝfƒgǥƣhƕiıjȷɉkƙlƚȴƛmnƞȵŋoȣpƥqȹɋĸrɍsȿƪtƾŧƫƭȶuvwxyɏƴȝzƍƶȥɀƹƺþƿƻƨƽƅɂǀǁǂǃ";

/** Letters that sort as others: as two of them, or as one with a mark. */
export const EXPANSIONS = {
    æ: "ae", œ: "oe", ß: "ss", ĳ: "ij", ŉ: "ʼn", ø: "o", ł: "l", đ: "d", ð: "d", ħ: "h", ſ: "s",
    ª: "a", º: "o", "…": "...",
};

/** Combining marks in order; others follow by code point. */
export const MARKS = "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0338\u0327\u0328\u0304";
