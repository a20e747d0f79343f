/**
 * What `en-US` calls currencies and units (Unicode CLDR 48).
 *
 * Invariant: facts only.
 */

/** Symbols that are not the code. */
export const CURRENCY_SYMBOLS = {
    AUD: "A$", BRL: "R$", CAD: "CA$", CNY: "CN¥", EUR: "€", GBP: "£", HKD: "HK$", ILS: "₪", INR: "₹", JPY: "¥",
    KRW: "₩", MXN: "MX$", NZD: "NZ$", PHP: "₱", TWD: "NT$", USD: "$", VND: "₫", XAF: "FCFA", XCD: "EC$",
    XCG: "Cg.", XOF: "F CFA", XPF: "CFPF",
};

/** Symbols where there is no other currency to confuse them with. */
export const NARROW_SYMBOLS = {
    AFN: "؋", AMD: "֏", AOA: "Kz", ARS: "$", AUD: "$", AZN: "₼", BAM: "KM", BBD: "$", BDT: "৳", BMD: "$",
    BND: "$", BOB: "Bs", BSD: "$", BWP: "P", BZD: "$", CAD: "$", CLP: "$", CNY: "¥", COP: "$", CRC: "₡",
    CUC: "$", CUP: "$", CZK: "Kč", DKK: "kr", DOP: "$", EGP: "E£", FJD: "$", FKP: "£", GEL: "₾", GHS: "GH₵",
    GIP: "£", GNF: "FG", GTQ: "Q", GYD: "$", HKD: "$", HNL: "L", HRK: "kn", HUF: "Ft", IDR: "Rp", ISK: "kr",
    JMD: "$", KGS: "⃀", KHR: "៛", KMF: "CF", KPW: "₩", KYD: "$", KZT: "₸", LAK: "₭", LBP: "L£", LKR: "Rs",
    LRD: "$", MGA: "Ar", MMK: "K", MNT: "₮", MUR: "Rs", MXN: "$", MYR: "RM", NAD: "$", NGN: "₦", NIO: "C$",
    NOK: "kr", NPR: "Rs", NZD: "$", PKR: "Rs", PLN: "zł", PYG: "₲", RON: "lei", RUB: "₽", RWF: "RF", SBD: "$",
    SEK: "kr", SGD: "$", SHP: "£", SRD: "$", SSP: "£", STN: "Db", SYP: "£", THB: "฿", TOP: "T$", TRY: "₺",
    TTD: "$", TWD: "$", UAH: "₴", UYU: "$", XCD: "$", ZAR: "R", ZMW: "ZK",
};

/** Digits after the point, where they are not two. */
export const CURRENCY_DIGITS = {
    AFN: 0, ALL: 0, BIF: 0, CLP: 0, COP: 0, DJF: 0, GNF: 0, HUF: 0, IDR: 0, IQD: 0, IRR: 0, ISK: 0, JPY: 0,
    KMF: 0, KPW: 0, KRW: 0, LAK: 0, LBP: 0, MGA: 0, MMK: 0, PKR: 0, PYG: 0, RWF: 0, SLL: 0, SOS: 0, SYP: 0,
    UGX: 0, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0, YER: 0,
    BHD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3,
};

/** Names for one and for many. */
export const CURRENCY_NAMES = {
    USD: "US dollar|US dollars", EUR: "euro|euros", GBP: "British pound|British pounds",
    JPY: "Japanese yen|Japanese yen", CNY: "Chinese yuan|Chinese yuan", INR: "Indian rupee|Indian rupees",
    KRW: "South Korean won|South Korean won", BRL: "Brazilian real|Brazilian reals",
    CAD: "Canadian dollar|Canadian dollars", AUD: "Australian dollar|Australian dollars",
    NZD: "New Zealand dollar|New Zealand dollars", CHF: "Swiss franc|Swiss francs",
    SEK: "Swedish krona|Swedish kronor", NOK: "Norwegian krone|Norwegian kroner",
    DKK: "Danish krone|Danish kroner", PLN: "Polish zloty|Polish zlotys", CZK: "Czech koruna|Czech korunas",
    HUF: "Hungarian forint|Hungarian forints", RON: "Romanian leu|Romanian lei",
    BGN: "Bulgarian lev|Bulgarian leva", RUB: "Russian ruble|Russian rubles",
    UAH: "Ukrainian hryvnia|Ukrainian hryvnias", TRY: "Turkish lira|Turkish Lira",
    ILS: "Israeli new shekel|Israeli new shekels", AED: "UAE dirham|UAE dirhams",
    SAR: "Saudi riyal|Saudi riyals", QAR: "Qatari riyal|Qatari riyals", KWD: "Kuwaiti dinar|Kuwaiti dinars",
    EGP: "Egyptian pound|Egyptian pounds", ZAR: "South African rand|South African rand",
    NGN: "Nigerian naira|Nigerian nairas", KES: "Kenyan shilling|Kenyan shillings",
    MXN: "Mexican peso|Mexican pesos", ARS: "Argentine peso|Argentine pesos", CLP: "Chilean peso|Chilean pesos",
    COP: "Colombian peso|Colombian pesos", PEN: "Peruvian sol|Peruvian soles",
    SGD: "Singapore dollar|Singapore dollars", HKD: "Hong Kong dollar|Hong Kong dollars",
    TWD: "New Taiwan dollar|New Taiwan dollars", THB: "Thai baht|Thai baht",
    MYR: "Malaysian ringgit|Malaysian ringgits", IDR: "Indonesian rupiah|Indonesian rupiahs",
    PHP: "Philippine peso|Philippine pesos", VND: "Vietnamese dong|Vietnamese dong",
    PKR: "Pakistani rupee|Pakistani rupees", BDT: "Bangladeshi taka|Bangladeshi takas",
    LKR: "Sri Lankan rupee|Sri Lankan rupees", ISK: "Icelandic króna|Icelandic krónur",
    MAD: "Moroccan dirham|Moroccan dirhams",
};

/** Patterns for one and for many: long, short, narrow. */
export const UNITS = {
    acre: ["# acre|# acres","# ac","#ac"], bit: ["# bit|# bits","# bit","#bit"],
    byte: ["# byte|# bytes","# byte","#B"], celsius: ["# degree Celsius|# degrees Celsius","#°C","#°C"],
    centimeter: ["# centimeter|# centimeters","# cm","#cm"], day: ["# day|# days","# day|# days","#d"],
    degree: ["# degree|# degrees","# deg","#°"],
    fahrenheit: ["# degree Fahrenheit|# degrees Fahrenheit","#°F","#°"],
    "fluid-ounce": ["# fluid ounce|# fluid ounces","# fl oz","#fl oz"], foot: ["# foot|# feet","# ft","#′"],
    gallon: ["# gallon|# gallons","# gal","#gal"], gigabit: ["# gigabit|# gigabits","# Gb","#Gb"],
    gigabyte: ["# gigabyte|# gigabytes","# GB","#GB"], gram: ["# gram|# grams","# g","#g"],
    hectare: ["# hectare|# hectares","# ha","#ha"], hour: ["# hour|# hours","# hr","#h"],
    inch: ["# inch|# inches","# in","#″"], kilobit: ["# kilobit|# kilobits","# kb","#kb"],
    kilobyte: ["# kilobyte|# kilobytes","# kB","#kB"], kilogram: ["# kilogram|# kilograms","# kg","#kg"],
    kilometer: ["# kilometer|# kilometers","# km","#km"], liter: ["# liter|# liters","# L","#L"],
    megabit: ["# megabit|# megabits","# Mb","#Mb"], megabyte: ["# megabyte|# megabytes","# MB","#MB"],
    meter: ["# meter|# meters","# m","#m"], microsecond: ["# microsecond|# microseconds","# μs","#μs"],
    mile: ["# mile|# miles","# mi","#mi"],
    "mile-scandinavian": ["# mile-scandinavian|# miles-scandinavian","# smi","#smi"],
    milliliter: ["# milliliter|# milliliters","# mL","#mL"],
    millimeter: ["# millimeter|# millimeters","# mm","#mm"],
    millisecond: ["# millisecond|# milliseconds","# ms","#ms"], minute: ["# minute|# minutes","# min","#m"],
    month: ["# month|# months","# mth|# mths","#m"], nanosecond: ["# nanosecond|# nanoseconds","# ns","#ns"],
    ounce: ["# ounce|# ounces","# oz","#oz"], percent: ["# percent","#%","#%"],
    petabyte: ["# petabyte|# petabytes","# PB","#PB"], pound: ["# pound|# pounds","# lb","##"],
    second: ["# second|# seconds","# sec","#s"], stone: ["# stone|# stones","# st","#st"],
    terabit: ["# terabit|# terabits","# Tb","#Tb"], terabyte: ["# terabyte|# terabytes","# TB","#TB"],
    week: ["# week|# weeks","# wk|# wks","#w"], yard: ["# yard|# yards","# yd","#yd"],
    year: ["# year|# years","# yr|# yrs","#y"],
};

