//! URLs: what is parsed, where its parts are, what the setters take.

use super::check;

#[test]
fn a_url_is_its_text_and_the_places_of_its_parts() {
    check(&[
        (
            r#"host.urlParse("https://us:pw@ex\u00e4mple.com:8080/a b?q=\u20ac#f", undefined)"#,
            r##"["https://us:pw@xn--exmple-cua.com:8080/a%20b?q=%E2%82%AC#f",5,10,14,32,8080,37,43,55,"https://xn--exmple-cua.com:8080"]"##,
        ),
        (
            r#"host.urlParse("HTTP://EXAMPLE.com:80", undefined)"#,
            r#"["http://example.com/",4,7,7,18,-1,18,-1,-1,"http://example.com"]"#,
        ),
        (r#"host.urlParse("../c?d", "http://a/b/x/y")"#, r#"["http://a/b/c?d",4,7,7,8,-1,8,12,-1,"http://a"]"#),
        (r#"host.urlParse("data:text/plain,x", undefined)[9]"#, "\"null\""),
        (r#"host.urlParse("blob:https://a.b/c", undefined)[9]"#, "\"https://a.b\""),
        (
            r#"host.urlParse("http://a/x^y?^#^", undefined)"#,
            r##"["http://a/x%5Ey?^#^",4,7,7,8,-1,8,14,16,"http://a"]"##,
        ),
        (
            r#"[host.urlParse("///b/c", "http://a/")[0], host.urlParse("///b/c", "file:///a")[0], host.urlParse("data:a^b", undefined)[0]]"#,
            r#"["http://b/c","file:///b/c","data:a^b"]"#,
        ),
        (r#"host.urlParse("/x", undefined)"#, "undefined"),
        (r#"host.urlParse("http://a b/", undefined)"#, "undefined"),
        (r#"host.urlParse("x", "mailto:a")"#, "undefined"),
        (r#"host.urlParse("http://[::1]:99999/", undefined)"#, "undefined"),
        (r#"host.urlParse("http://a/\ud800", undefined)[0]"#, "\"http://a/%EF%BF%BD\""),
    ]);
}

#[test]
fn setters_take_what_the_standard_takes() {
    check(&[
        (
            r##"[["protocol", "https"], ["protocol", "wss:"], ["username", "me@"], ["password", "s:"], ["host", "c:9"], ["hostname", "d"],
             ["port", "90"], ["port", ""], ["pathname", "x y"], ["search", "a=b c"], ["search", ""], ["hash", "#h"], ["hash", ""]]
             .map(([which, value]) => host.urlSet("http://a:8/b?q#f", which, value)?.[0])"##,
            r##"["https://a:8/b?q#f","wss://a:8/b?q#f","http://me%40@a:8/b?q#f","http://:s%3A@a:8/b?q#f","http://c:9/b?q#f","http://d:8/b?q#f","http://a:90/b?q#f","http://a/b?q#f","http://a:8/x%20y?q#f","http://a:8/b?a=b%20c#f","http://a:8/b#f","http://a:8/b?q#h","http://a:8/b?q"]"##,
        ),
        (
            r#"[["protocol", "mailto"], ["protocol", "1"], ["host", ""], ["hostname", "a b"], ["port", "x"], ["nothing", ""]]
             .map(([which, value]) => host.urlSet("http://a:8/", which, value))"#,
            "[undefined,undefined,undefined,undefined,undefined,undefined]",
        ),
        (r#"host.urlSet("mailto:a", "username", "x")"#, "undefined"),
    ]);
}
