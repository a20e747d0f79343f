/**
 * What `en-US` calls regions, languages and scripts (Unicode CLDR 48).
 *
 * Invariant: facts only.
 */

/** Regions. */
export const REGIONS = {
    AC: "Ascension Island", AD: "Andorra", AE: "United Arab Emirates", AF: "Afghanistan",
    AG: "Antigua & Barbuda", AI: "Anguilla", AL: "Albania", AM: "Armenia", AO: "Angola", AQ: "Antarctica",
    AR: "Argentina", AS: "American Samoa", AT: "Austria", AU: "Australia", AW: "Aruba", AX: "Åland Islands",
    AZ: "Azerbaijan", BA: "Bosnia & Herzegovina", BB: "Barbados", BD: "Bangladesh", BE: "Belgium",
    BF: "Burkina Faso", BG: "Bulgaria", BH: "Bahrain", BI: "Burundi", BJ: "Benin", BL: "St. Barthélemy",
    BM: "Bermuda", BN: "Brunei", BO: "Bolivia", BQ: "Caribbean Netherlands", BR: "Brazil", BS: "Bahamas",
    BT: "Bhutan", BV: "Bouvet Island", BW: "Botswana", BY: "Belarus", BZ: "Belize", CA: "Canada",
    CC: "Cocos (Keeling) Islands", CD: "Congo - Kinshasa", CF: "Central African Republic",
    CG: "Congo - Brazzaville", CH: "Switzerland", CI: "Côte d’Ivoire", CK: "Cook Islands", CL: "Chile",
    CM: "Cameroon", CN: "China", CO: "Colombia", CP: "Clipperton Island", CQ: "Sark", CR: "Costa Rica",
    CU: "Cuba", CV: "Cape Verde", CW: "Curaçao", CX: "Christmas Island", CY: "Cyprus", CZ: "Czechia",
    DE: "Germany", DG: "Diego Garcia", DJ: "Djibouti", DK: "Denmark", DM: "Dominica", DO: "Dominican Republic",
    DZ: "Algeria", EA: "Ceuta & Melilla", EC: "Ecuador", EE: "Estonia", EG: "Egypt", EH: "Western Sahara",
    ER: "Eritrea", ES: "Spain", ET: "Ethiopia", FI: "Finland", FJ: "Fiji", FK: "Falkland Islands",
    FM: "Micronesia", FO: "Faroe Islands", FR: "France", GA: "Gabon", GB: "United Kingdom", GD: "Grenada",
    GE: "Georgia", GF: "French Guiana", GG: "Guernsey", GH: "Ghana", GI: "Gibraltar", GL: "Greenland",
    GM: "Gambia", GN: "Guinea", GP: "Guadeloupe", GQ: "Equatorial Guinea", GR: "Greece",
    GS: "South Georgia & South Sandwich Islands", GT: "Guatemala", GU: "Guam", GW: "Guinea-Bissau",
    GY: "Guyana", HK: "Hong Kong SAR China", HM: "Heard & McDonald Islands", HN: "Honduras", HR: "Croatia",
    HT: "Haiti", HU: "Hungary", IC: "Canary Islands", ID: "Indonesia", IE: "Ireland", IL: "Israel",
    IM: "Isle of Man", IN: "India", IO: "British Indian Ocean Territory", IQ: "Iraq", IR: "Iran", IS: "Iceland",
    IT: "Italy", JE: "Jersey", JM: "Jamaica", JO: "Jordan", JP: "Japan", KE: "Kenya", KG: "Kyrgyzstan",
    KH: "Cambodia", KI: "Kiribati", KM: "Comoros", KN: "St. Kitts & Nevis", KP: "North Korea",
    KR: "South Korea", KW: "Kuwait", KY: "Cayman Islands", KZ: "Kazakhstan", LA: "Laos", LB: "Lebanon",
    LC: "St. Lucia", LI: "Liechtenstein", LK: "Sri Lanka", LR: "Liberia", LS: "Lesotho", LT: "Lithuania",
    LU: "Luxembourg", LV: "Latvia", LY: "Libya", MA: "Morocco", MC: "Monaco", MD: "Moldova", ME: "Montenegro",
    MF: "St. Martin", MG: "Madagascar", MH: "Marshall Islands", MK: "North Macedonia", ML: "Mali",
    MM: "Myanmar (Burma)", MN: "Mongolia", MO: "Macao SAR China", MP: "Northern Mariana Islands",
    MQ: "Martinique", MR: "Mauritania", MS: "Montserrat", MT: "Malta", MU: "Mauritius", MV: "Maldives",
    MW: "Malawi", MX: "Mexico", MY: "Malaysia", MZ: "Mozambique", NA: "Namibia", NC: "New Caledonia",
    NE: "Niger", NF: "Norfolk Island", NG: "Nigeria", NI: "Nicaragua", NL: "Netherlands", NO: "Norway",
    NP: "Nepal", NR: "Nauru", NU: "Niue", NZ: "New Zealand", OM: "Oman", PA: "Panama", PE: "Peru",
    PF: "French Polynesia", PG: "Papua New Guinea", PH: "Philippines", PK: "Pakistan", PL: "Poland",
    PM: "St. Pierre & Miquelon", PN: "Pitcairn Islands", PR: "Puerto Rico", PS: "Palestinian Territories",
    PT: "Portugal", PW: "Palau", PY: "Paraguay", QA: "Qatar", RE: "Réunion", RO: "Romania", RS: "Serbia",
    RU: "Russia", RW: "Rwanda", SA: "Saudi Arabia", SB: "Solomon Islands", SC: "Seychelles", SD: "Sudan",
    SE: "Sweden", SG: "Singapore", SH: "St. Helena", SI: "Slovenia", SJ: "Svalbard & Jan Mayen", SK: "Slovakia",
    SL: "Sierra Leone", SM: "San Marino", SN: "Senegal", SO: "Somalia", SR: "Suriname", SS: "South Sudan",
    ST: "São Tomé & Príncipe", SV: "El Salvador", SX: "Sint Maarten", SY: "Syria", SZ: "Eswatini",
    TA: "Tristan da Cunha", TC: "Turks & Caicos Islands", TD: "Chad", TF: "French Southern Territories",
    TG: "Togo", TH: "Thailand", TJ: "Tajikistan", TK: "Tokelau", TL: "Timor-Leste", TM: "Turkmenistan",
    TN: "Tunisia", TO: "Tonga", TR: "Türkiye", TT: "Trinidad & Tobago", TV: "Tuvalu", TW: "Taiwan",
    TZ: "Tanzania", UA: "Ukraine", UG: "Uganda", UM: "U.S. Outlying Islands", US: "United States",
    UY: "Uruguay", UZ: "Uzbekistan", VA: "Vatican City", VC: "St. Vincent & Grenadines", VE: "Venezuela",
    VG: "British Virgin Islands", VI: "U.S. Virgin Islands", VN: "Vietnam", VU: "Vanuatu",
    WF: "Wallis & Futuna", WS: "Samoa", XK: "Kosovo", YE: "Yemen", YT: "Mayotte", ZA: "South Africa",
    ZM: "Zambia", ZW: "Zimbabwe",
};

/** Languages, the most spoken ones and those of Europe. */
export const LANGUAGES = {
    af: "Afrikaans", am: "Amharic", ar: "Arabic", az: "Azerbaijani", be: "Belarusian", bg: "Bulgarian",
    bn: "Bangla", bs: "Bosnian", ca: "Catalan", cs: "Czech", cy: "Welsh", da: "Danish", de: "German",
    el: "Greek", en: "English", eo: "Esperanto", es: "Spanish", et: "Estonian", eu: "Basque", fa: "Persian",
    fi: "Finnish", fil: "Filipino", fr: "French", ga: "Irish", gl: "Galician", gu: "Gujarati", he: "Hebrew",
    hi: "Hindi", hr: "Croatian", hu: "Hungarian", hy: "Armenian", id: "Indonesian", is: "Icelandic",
    it: "Italian", ja: "Japanese", ka: "Georgian", kk: "Kazakh", km: "Khmer", kn: "Kannada", ko: "Korean",
    ky: "Kyrgyz", la: "Latin", lo: "Lao", lt: "Lithuanian", lv: "Latvian", mk: "Macedonian", ml: "Malayalam",
    mn: "Mongolian", mr: "Marathi", ms: "Malay", my: "Burmese", nb: "Norwegian Bokmål", ne: "Nepali",
    nl: "Dutch", nn: "Norwegian Nynorsk", no: "Norwegian", pa: "Punjabi", pl: "Polish", ps: "Pashto",
    pt: "Portuguese", ro: "Romanian", ru: "Russian", si: "Sinhala", sk: "Slovak", sl: "Slovenian",
    sq: "Albanian", sr: "Serbian", sv: "Swedish", sw: "Swahili", ta: "Tamil", te: "Telugu", th: "Thai",
    tr: "Turkish", uk: "Ukrainian", ur: "Urdu", uz: "Uzbek", vi: "Vietnamese", yi: "Yiddish", zh: "Chinese",
    zu: "Zulu", yue: "Cantonese",
};

/** Languages of a region that have a name of their own. */
export const DIALECTS = {
    "en-US": "American English", "en-GB": "British English", "en-AU": "Australian English",
    "en-CA": "Canadian English", "fr-CA": "Canadian French", "fr-CH": "Swiss French",
    "es-ES": "European Spanish", "es-MX": "Mexican Spanish", "es-419": "Latin American Spanish",
    "pt-BR": "Brazilian Portuguese", "pt-PT": "European Portuguese", "zh-Hans": "Simplified Chinese",
    "zh-Hant": "Traditional Chinese", "de-AT": "Austrian German", "de-CH": "Swiss High German",
    "nl-BE": "Flemish",
};

/** Scripts. */
export const SCRIPTS = {
    Arab: "Arabic", Cyrl: "Cyrillic", Deva: "Devanagari", Grek: "Greek", Hans: "Simplified",
    Hant: "Traditional", Hebr: "Hebrew", Jpan: "Japanese", Kore: "Korean", Latn: "Latin", Thai: "Thai",
};
