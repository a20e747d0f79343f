/**
 * Names of time zones in `en-US` (Unicode CLDR 48), and which zones share them.
 *
 * Invariant: facts only.
 */

/**
 * Zones by the names they share: standard, summer and general time, then the same in short where Americans have one.
 */
export const ZONE_NAMES = {
    "Greenwich Mean Time||Greenwich Mean Time|GMT||GMT":
        "Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar " +
        "Africa/Freetown Africa/Lome Africa/Monrovia Africa/Nouakchott Africa/Ouagadougou Africa/Sao_Tome " +
        "America/Danmarkshavn Atlantic/Reykjavik Atlantic/St_Helena",
    "East Africa Time||East Africa Time":
        "Africa/Addis_Ababa Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala " +
        "Africa/Mogadishu Africa/Nairobi Indian/Antananarivo Indian/Comoro Indian/Mayotte",
    "Central European Standard Time||Central European Standard Time": "Africa/Algiers Africa/Tunis",
    "West Africa Time||West Africa Time":
        "Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville " +
        "Africa/Luanda Africa/Malabo Africa/Ndjamena Africa/Niamey Africa/Porto-Novo",
    "Central Africa Time||Central Africa Time":
        "Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Juba Africa/Khartoum " +
        "Africa/Kigali Africa/Lubumbashi Africa/Lusaka Africa/Maputo Africa/Windhoek",
    "Eastern European Standard Time|Eastern European Summer Time|Eastern European Time":
        "Africa/Cairo Asia/Beirut Asia/Famagusta Asia/Gaza Asia/Hebron Asia/Nicosia Europe/Athens " +
        "Europe/Bucharest Europe/Chisinau Europe/Helsinki Europe/Kiev Europe/Mariehamn Europe/Riga " +
        "Europe/Sofia Europe/Tallinn Europe/Vilnius",
    "||Morocco Time": "Africa/Casablanca",
    "Central European Standard Time|Central European Summer Time|Central European Time":
        "Africa/Ceuta Arctic/Longyearbyen Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin " +
        "Europe/Bratislava Europe/Brussels Europe/Budapest Europe/Busingen Europe/Copenhagen " +
        "Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Monaco " +
        "Europe/Oslo Europe/Paris Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino " +
        "Europe/Sarajevo Europe/Skopje Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican " +
        "Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich",
    "||Western Sahara Time": "Africa/El_Aaiun",
    "South Africa Standard Time||South Africa Standard Time": "Africa/Johannesburg Africa/Maseru Africa/Mbabane",
    "Eastern European Standard Time||Eastern European Standard Time": "Africa/Tripoli Europe/Kaliningrad",
    "Hawaii-Aleutian Standard Time|Hawaii-Aleutian Daylight Time|Hawaii-Aleutian Time|HAST|HADT|HAT": "America/Adak",
    "Alaska Standard Time|Alaska Daylight Time|Alaska Time|AKST|AKDT|AKT":
        "America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka America/Yakutat",
    "Atlantic Standard Time||Atlantic Standard Time|AST||AST":
        "America/Anguilla America/Antigua America/Aruba America/Barbados America/Blanc-Sablon " +
        "America/Curacao America/Dominica America/Grenada America/Guadeloupe America/Kralendijk " +
        "America/Lower_Princes America/Marigot America/Martinique America/Montserrat America/Port_of_Spain " +
        "America/Puerto_Rico America/Santo_Domingo America/St_Barthelemy America/St_Kitts America/St_Lucia " +
        "America/St_Thomas America/St_Vincent America/Tortola",
    "Brasilia Standard Time||Brasilia Standard Time":
        "America/Araguaina America/Bahia America/Belem America/Fortaleza America/Maceio America/Recife " +
        "America/Santarem America/Sao_Paulo",
    "Argentina Standard Time||Argentina Standard Time":
        "America/Argentina/La_Rioja America/Argentina/Rio_Gallegos America/Argentina/Salta " +
        "America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Tucuman " +
        "America/Argentina/Ushuaia America/Buenos_Aires America/Catamarca America/Cordoba America/Jujuy " +
        "America/Mendoza",
    "Paraguay Standard Time||Paraguay Standard Time": "America/Asuncion",
    "Central Standard Time||Central Standard Time|CST||CST":
        "America/Bahia_Banderas America/Belize America/Chihuahua America/Costa_Rica America/El_Salvador " +
        "America/Guatemala America/Managua America/Merida America/Mexico_City America/Monterrey " +
        "America/Regina America/Swift_Current America/Tegucigalpa",
    "Amazon Standard Time||Amazon Standard Time":
        "America/Boa_Vista America/Campo_Grande America/Cuiaba America/Manaus America/Porto_Velho",
    "Colombia Standard Time||Colombia Standard Time": "America/Bogota",
    "Mountain Standard Time|Mountain Daylight Time|Mountain Time|MST|MDT|MT":
        "America/Boise America/Cambridge_Bay America/Ciudad_Juarez America/Denver America/Edmonton " +
        "America/Inuvik",
    "Eastern Standard Time||Eastern Standard Time|EST||EST":
        "America/Cancun America/Cayman America/Coral_Harbour America/Jamaica America/Panama",
    "Venezuela Time||Venezuela Time": "America/Caracas",
    "French Guiana Time||French Guiana Time": "America/Cayenne",
    "Central Standard Time|Central Daylight Time|Central Time|CST|CDT|CT":
        "America/Chicago America/Indiana/Knox America/Indiana/Tell_City America/Matamoros America/Menominee " +
        "America/North_Dakota/Beulah America/North_Dakota/Center America/North_Dakota/New_Salem " +
        "America/Ojinaga America/Rankin_Inlet America/Resolute America/Winnipeg",
    "||Coyhaique Time": "America/Coyhaique",
    "Mountain Standard Time||Mountain Standard Time|MST||MST":
        "America/Creston America/Dawson_Creek America/Fort_Nelson America/Phoenix",
    "Yukon Time||Yukon Time": "America/Dawson America/Whitehorse",
    "Eastern Standard Time|Eastern Daylight Time|Eastern Time|EST|EDT|ET":
        "America/Detroit America/Grand_Turk America/Indiana/Marengo America/Indiana/Petersburg " +
        "America/Indiana/Vevay America/Indiana/Vincennes America/Indiana/Winamac America/Indianapolis " +
        "America/Iqaluit America/Kentucky/Monticello America/Louisville America/Nassau America/New_York " +
        "America/Port-au-Prince America/Toronto",
    "Acre Standard Time||Acre Standard Time": "America/Eirunepe America/Rio_Branco",
    "Atlantic Standard Time|Atlantic Daylight Time|Atlantic Time|AST|ADT|AT":
        "America/Glace_Bay America/Goose_Bay America/Halifax America/Moncton America/Thule Atlantic/Bermuda",
    "Greenland Standard Time|Greenland Summer Time|Greenland Time": "America/Godthab America/Scoresbysund",
    "Ecuador Time||Ecuador Time": "America/Guayaquil",
    "Guyana Time||Guyana Time": "America/Guyana",
    "Cuba Standard Time|Cuba Daylight Time|Cuba Time": "America/Havana",
    "Mexican Pacific Standard Time||Mexican Pacific Standard Time": "America/Hermosillo America/Mazatlan",
    "Bolivia Time||Bolivia Time": "America/La_Paz",
    "Peru Standard Time||Peru Standard Time": "America/Lima",
    "Pacific Standard Time|Pacific Daylight Time|Pacific Time|PST|PDT|PT":
        "America/Los_Angeles America/Tijuana America/Vancouver",
    "St. Pierre & Miquelon Standard Time|St. Pierre & Miquelon Daylight Time|St. Pierre & Miquelon Time":
        "America/Miquelon",
    "Uruguay Standard Time||Uruguay Standard Time": "America/Montevideo",
    "Fernando de Noronha Standard Time||Fernando de Noronha Standard Time": "America/Noronha",
    "Suriname Time||Suriname Time": "America/Paramaribo",
    "||Punta Arenas Time": "America/Punta_Arenas",
    "Chile Standard Time|Chile Summer Time|Chile Time": "America/Santiago",
    "Newfoundland Standard Time|Newfoundland Daylight Time|Newfoundland Time": "America/St_Johns",
    "Australian Western Standard Time||Australian Western Standard Time": "Antarctica/Casey Australia/Perth",
    "Davis Time||Davis Time": "Antarctica/Davis",
    "Dumont d’Urville Time||Dumont d’Urville Time": "Antarctica/DumontDUrville",
    "Australian Eastern Standard Time|Australian Eastern Daylight Time|Australian Eastern Time":
        "Antarctica/Macquarie Australia/Hobart Australia/Melbourne Australia/Sydney",
    "Mawson Time||Mawson Time": "Antarctica/Mawson",
    "New Zealand Standard Time|New Zealand Daylight Time|New Zealand Time": "Antarctica/McMurdo Pacific/Auckland",
    "||Palmer Land Time": "Antarctica/Palmer",
    "Rothera Time||Rothera Time": "Antarctica/Rothera",
    "Syowa Time||Syowa Time": "Antarctica/Syowa",
    "Greenwich Mean Time||Troll Station Time|GMT": "Antarctica/Troll",
    "Vostok Time||Vostok Time": "Antarctica/Vostok",
    "Arabian Standard Time||Arabian Standard Time":
        "Asia/Aden Asia/Baghdad Asia/Bahrain Asia/Kuwait Asia/Qatar Asia/Riyadh",
    "Kazakhstan Time||Kazakhstan Time":
        "Asia/Almaty Asia/Aqtau Asia/Aqtobe Asia/Atyrau Asia/Oral Asia/Qostanay Asia/Qyzylorda",
    "||Jordan Time": "Asia/Amman",
    "Kamchatka Standard Time||Kamchatka Standard Time": "Asia/Anadyr Asia/Kamchatka",
    "Turkmenistan Standard Time||Turkmenistan Standard Time": "Asia/Ashgabat",
    "Azerbaijan Standard Time||Azerbaijan Standard Time": "Asia/Baku",
    "Indochina Time||Indochina Time": "Asia/Bangkok Asia/Phnom_Penh Asia/Saigon Asia/Vientiane",
    "Krasnoyarsk Standard Time||Krasnoyarsk Standard Time":
        "Asia/Barnaul Asia/Krasnoyarsk Asia/Novokuznetsk Asia/Novosibirsk Asia/Tomsk",
    "Kyrgyzstan Time||Kyrgyzstan Time": "Asia/Bishkek",
    "Brunei Time||Brunei Time": "Asia/Brunei",
    "India Standard Time||India Standard Time": "Asia/Calcutta Asia/Colombo",
    "Yakutsk Standard Time||Yakutsk Standard Time": "Asia/Chita Asia/Khandyga Asia/Yakutsk",
    "||Syria Time": "Asia/Damascus",
    "Bangladesh Standard Time||Bangladesh Standard Time": "Asia/Dhaka",
    "Timor-Leste Time||Timor-Leste Time": "Asia/Dili",
    "Gulf Standard Time||Gulf Standard Time": "Asia/Dubai Asia/Muscat",
    "Tajikistan Time||Tajikistan Time": "Asia/Dushanbe",
    "Hong Kong Standard Time||Hong Kong Standard Time": "Asia/Hong_Kong",
    "Khovd Standard Time||Khovd Standard Time": "Asia/Hovd",
    "Irkutsk Standard Time||Irkutsk Standard Time": "Asia/Irkutsk",
    "Western Indonesia Time||Western Indonesia Time": "Asia/Jakarta Asia/Pontianak",
    "Eastern Indonesia Time||Eastern Indonesia Time": "Asia/Jayapura",
    "Israel Standard Time|Israel Daylight Time|Israel Time": "Asia/Jerusalem",
    "Afghanistan Time||Afghanistan Time": "Asia/Kabul",
    "Pakistan Standard Time||Pakistan Standard Time": "Asia/Karachi",
    "Nepal Time||Nepal Time": "Asia/Katmandu",
    "Malaysia Time||Malaysia Time": "Asia/Kuala_Lumpur Asia/Kuching",
    "China Standard Time||China Standard Time": "Asia/Macau Asia/Shanghai",
    "Magadan Standard Time||Magadan Standard Time": "Asia/Magadan Asia/Sakhalin Asia/Srednekolymsk",
    "Central Indonesia Time||Central Indonesia Time": "Asia/Makassar",
    "Philippine Standard Time||Philippine Standard Time": "Asia/Manila",
    "Omsk Standard Time||Omsk Standard Time": "Asia/Omsk",
    "Korean Standard Time||Korean Standard Time": "Asia/Pyongyang Asia/Seoul",
    "Myanmar Time||Myanmar Time": "Asia/Rangoon",
    "Uzbekistan Standard Time||Uzbekistan Standard Time": "Asia/Samarkand Asia/Tashkent",
    "Singapore Standard Time||Singapore Standard Time": "Asia/Singapore",
    "Taiwan Standard Time||Taiwan Standard Time": "Asia/Taipei",
    "Georgia Standard Time||Georgia Standard Time": "Asia/Tbilisi",
    "Iran Standard Time||Iran Standard Time": "Asia/Tehran",
    "Bhutan Time||Bhutan Time": "Asia/Thimphu",
    "Japan Standard Time||Japan Standard Time": "Asia/Tokyo",
    "Ulaanbaatar Standard Time||Ulaanbaatar Standard Time": "Asia/Ulaanbaatar",
    "||Ürümqi Time": "Asia/Urumqi",
    "Vladivostok Standard Time||Vladivostok Standard Time": "Asia/Ust-Nera Asia/Vladivostok",
    "Yekaterinburg Standard Time||Yekaterinburg Standard Time": "Asia/Yekaterinburg",
    "Armenia Standard Time||Armenia Standard Time": "Asia/Yerevan",
    "Azores Standard Time|Azores Summer Time|Azores Time": "Atlantic/Azores",
    "Western European Standard Time|Western European Summer Time|Western European Time":
        "Atlantic/Canary Atlantic/Faeroe Atlantic/Madeira Europe/Lisbon",
    "Cape Verde Standard Time||Cape Verde Standard Time": "Atlantic/Cape_Verde",
    "South Georgia Time||South Georgia Time": "Atlantic/South_Georgia",
    "Falkland Islands Standard Time||Falkland Islands Standard Time": "Atlantic/Stanley",
    "Australian Central Standard Time|Australian Central Daylight Time|Australian Central Time":
        "Australia/Adelaide Australia/Broken_Hill",
    "Australian Eastern Standard Time||Australian Eastern Standard Time": "Australia/Brisbane Australia/Lindeman",
    "Australian Central Standard Time||Australian Central Standard Time": "Australia/Darwin",
    "Australian Central Western Standard Time||Australian Central Western Standard Time": "Australia/Eucla",
    "Lord Howe Standard Time|Lord Howe Daylight Time|Lord Howe Time": "Australia/Lord_Howe",
    "Samara Standard Time||Samara Standard Time": "Europe/Astrakhan Europe/Samara Europe/Saratov Europe/Ulyanovsk",
    "Greenwich Mean Time|Irish Standard Time|Ireland Time|GMT": "Europe/Dublin",
    "Greenwich Mean Time||Guernsey Time|GMT": "Europe/Guernsey",
    "Greenwich Mean Time||Isle of Man Time|GMT": "Europe/Isle_of_Man",
    "Türkiye Standard Time||Türkiye Standard Time": "Europe/Istanbul",
    "Greenwich Mean Time||Jersey Time|GMT": "Europe/Jersey",
    "Moscow Standard Time||Moscow Standard Time":
        "Europe/Kirov Europe/Minsk Europe/Moscow Europe/Simferopol Europe/Volgograd",
    "Greenwich Mean Time|British Summer Time|United Kingdom Time|GMT": "Europe/London",
    "Indian Ocean Time||Indian Ocean Time": "Indian/Chagos",
    "Christmas Island Time||Christmas Island Time": "Indian/Christmas",
    "Cocos Islands Time||Cocos Islands Time": "Indian/Cocos",
    "French Southern & Antarctic Time||French Southern & Antarctic Time": "Indian/Kerguelen",
    "Seychelles Time||Seychelles Time": "Indian/Mahe",
    "Maldives Time||Maldives Time": "Indian/Maldives",
    "Mauritius Standard Time||Mauritius Standard Time": "Indian/Mauritius",
    "Réunion Time||Réunion Time": "Indian/Reunion",
    "Samoa Standard Time||Samoa Standard Time": "Pacific/Apia",
    "||Bougainville Time": "Pacific/Bougainville",
    "Chatham Standard Time|Chatham Daylight Time|Chatham Time": "Pacific/Chatham",
    "Easter Island Standard Time|Easter Island Summer Time|Easter Island Time": "Pacific/Easter",
    "Vanuatu Standard Time||Vanuatu Standard Time": "Pacific/Efate",
    "Phoenix Islands Time||Phoenix Islands Time": "Pacific/Enderbury",
    "Tokelau Time||Tokelau Time": "Pacific/Fakaofo",
    "Fiji Standard Time||Fiji Standard Time": "Pacific/Fiji",
    "Tuvalu Time||Tuvalu Time": "Pacific/Funafuti",
    "Galapagos Time||Galapagos Time": "Pacific/Galapagos",
    "Gambier Time||Gambier Time": "Pacific/Gambier",
    "Solomon Islands Time||Solomon Islands Time": "Pacific/Guadalcanal",
    "Chamorro Standard Time||Chamorro Standard Time": "Pacific/Guam Pacific/Saipan",
    "Hawaii-Aleutian Standard Time||Hawaii-Aleutian Standard Time|HST||HST": "Pacific/Honolulu",
    "Line Islands Time||Line Islands Time": "Pacific/Kiritimati",
    "Kosrae Time||Kosrae Time": "Pacific/Kosrae",
    "Marshall Islands Time||Marshall Islands Time": "Pacific/Kwajalein Pacific/Majuro",
    "Marquesas Time||Marquesas Time": "Pacific/Marquesas",
    "American Samoa Standard Time||American Samoa Standard Time": "Pacific/Midway Pacific/Pago_Pago",
    "Nauru Time||Nauru Time": "Pacific/Nauru",
    "Niue Time||Niue Time": "Pacific/Niue",
    "Norfolk Island Standard Time|Norfolk Island Daylight Time|Norfolk Island Time": "Pacific/Norfolk",
    "New Caledonia Standard Time||New Caledonia Standard Time": "Pacific/Noumea",
    "Palau Time||Palau Time": "Pacific/Palau",
    "Pitcairn Time||Pitcairn Time": "Pacific/Pitcairn",
    "Pohnpei Time||Pohnpei Time": "Pacific/Ponape",
    "Papua New Guinea Time||Papua New Guinea Time": "Pacific/Port_Moresby",
    "Cook Islands Standard Time||Cook Islands Standard Time": "Pacific/Rarotonga",
    "Tahiti Time||Tahiti Time": "Pacific/Tahiti",
    "Gilbert Islands Time||Gilbert Islands Time": "Pacific/Tarawa",
    "Tonga Standard Time||Tonga Standard Time": "Pacific/Tongatapu",
    "Chuuk Time||Chuuk Time": "Pacific/Truk",
    "Wake Island Time||Wake Island Time": "Pacific/Wake",
    "Wallis & Futuna Time||Wallis & Futuna Time": "Pacific/Wallis",
};

/** Names that others have for these zones. */
export const ZONE_ALIASES = {
    "Pacific/Kanton": "Pacific/Enderbury", "Pacific/Chuuk": "Pacific/Truk", "Pacific/Pohnpei": "Pacific/Ponape",
    "Atlantic/Faroe": "Atlantic/Faeroe", "Asia/Ho_Chi_Minh": "Asia/Saigon", "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta", "Asia/Yangon": "Asia/Rangoon", "Europe/Kyiv": "Europe/Kiev",
    "America/Indiana/Indianapolis": "America/Indianapolis", "America/Kentucky/Louisville": "America/Louisville",
    "America/Atikokan": "America/Coral_Harbour", "America/Argentina/Cordoba": "America/Cordoba",
    "America/Argentina/Jujuy": "America/Jujuy", "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
    "America/Argentina/Catamarca": "America/Catamarca", "America/Argentina/Mendoza": "America/Mendoza",
    "America/Nuuk": "America/Godthab", "Africa/Asmara": "Africa/Asmera", "US/Alaska": "America/Anchorage",
    "US/Arizona": "America/Phoenix", "US/Central": "America/Chicago", "US/Eastern": "America/New_York",
    "US/Hawaii": "Pacific/Honolulu", "US/Mountain": "America/Denver", "US/Pacific": "America/Los_Angeles",
};
