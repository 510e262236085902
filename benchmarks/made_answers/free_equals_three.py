"""Set three of golds that are expressions, with right and wrong spellings. Marks: see `free_equals.py`."""

from __future__ import annotations

from collections.abc import Sequence

THREE: Sequence[tuple[str, str, Sequence[str], Sequence[str]]] = (
    (
        "cubic",
        "x^3 - @ax + @b",
        ("x^{3}-@ax+@b", "@b - @ax + x^3", "x^3 - @a x + @b", r"x^3 - @a\cdot x + @b", "-@ax + x^3 + @b"),
        ("x^3 + @ax + @b", "x^3 - @ax - @b", "x^3 - @bx + @a", "x^3 - @ax", "@b", "x^2 - @ax + @b"),
    ),
    (
        "fraction with root",
        r"\frac{@a+\sqrt{@r}}{@b}",
        (r"\dfrac{@a+\sqrt{@r}}{@b}", r"\frac{\sqrt{@r}+@a}{@b}", r"(@a+\sqrt{@r})/@b", r"\frac{@a + \sqrt{@r}}{@b}"),
        (r"\frac{@a-\sqrt{@r}}{@b}", r"@a+\frac{\sqrt{@r}}{@b}", r"\frac{@a+@r}{@b}", "@a", r"\frac{@a+\sqrt{@r}}{@c}"),
    ),
    (
        "negative number",
        "-@p",
        ("−@p", r"-@a \cdot @b", "-@p.0", r"-\left(@p\right)"),
        ("@p", "-@p.5", "-@s", r"\frac{1}{-@p}"),
    ),
    (
        "closed interval",
        "[@x, @y]",
        ("[@x,@y]", r"\left[@x, @y\right]", r"x \in [@x, @y]", r"\left[ @x ,\, @y \right]"),
        ("(@x, @y)", "[@x, @y)", "(@x, @y]", r"[@x, \infty)", r"\{@x, @y\}", "@y"),
    ),
    (
        "bounded above",
        r"(-\infty, @a]",
        (r"(-\infty,@a]", r"\left(-\infty, @a\right]", r"x \in (-\infty, @a]"),
        (r"(-\infty, @a)", r"[@a, \infty)", "@a", r"(-\infty, @b]"),
    ),
    (
        "set of three",
        r"\{@a, @b, @c\}",
        (r"\{@c, @a, @b\}", r"\{@a,@b,@c\}", r"\left\{@a, @b, @c\right\}", r"\{\,@b,\ @c,\ @a\,\}"),
        (r"\{@a, @b\}", r"\{@a, @b, @d\}", r"\{@a, @b, @c, @d\}", "@a"),
    ),
    (
        "triple",
        "(@a, @b, @c)",
        ("(@a,@b,@c)", r"\left(@a, @b, @c\right)", "(x, y, z) = (@a, @b, @c)", r"(@a,\ @b,\ @c)"),
        ("(@a, @c, @b)", "(@a, @b)", "(@b, @a, @c)", "@a", "(@a, @b, @d)"),
    ),
    ("imaginary", "@ai", ("@a i", r"@a\,i", r"@a \cdot i", r"i \cdot @a"), ("-@ai", "@a", "i", "@bi", "@a + i")),
    (
        "complex difference",
        "@a - @bi",
        ("-@bi + @a", "@a-@b i", r"@a - @b \cdot i", r"@a-@b\,i"),
        ("@a + @bi", "-@a - @bi", "@b - @ai", "@a", "-@a + @bi"),
    ),
    (
        "sum with root",
        r"\sqrt{@r} + @a",
        (r"@a + \sqrt{@r}", r"@a+\sqrt{@r}", r"\sqrt{@r}+@a", "@a + √@r"),
        (r"@a - \sqrt{@r}", r"@a\sqrt{@r}", r"\sqrt{@r}", r"\sqrt{@r + @a}", r"@b + \sqrt{@r}"),
    ),
    (
        "cube root",
        r"\sqrt[3]{@r}",
        ("@r^{1/3}", r"@r^{\frac{1}{3}}", r"\sqrt[3]{ @r }"),
        (r"\sqrt{@r}", "@r^3", "@r", r"\sqrt[4]{@r}", r"-\sqrt[3]{@r}"),
    ),
    (
        "part of pi",
        r"\frac{@a\pi}{11}",
        (r"\frac{@a}{11}\pi", r"@a\pi/11", r"\dfrac{@a \pi}{11}", r"\frac{@a}{11} \cdot \pi", "@aπ/11"),
        (r"\frac{@a}{11}", r"\frac{11\pi}{@a}", r"\frac{@a\pi}{12}", r"@a\pi", r"-\frac{@a\pi}{11}"),
    ),
    ("decimal", "0.@a5", (".@a5", "0.@a50", r"\frac{@a5}{100}"), ("0.@b5", "@a5", "0.0@a5", "-0.@a5", "@a.5")),
    (
        "reduced fraction",
        r"\frac{@a}{11}",
        ("@a/11", r"\dfrac{@a}{11}", r"{@a \over 11}", r"\left(\frac{@a}{11}\right)", r"x = \frac{@a}{11}"),
        (r"\frac{11}{@a}", "@a", r"\frac{@a}{12}", r"\frac{@b}{11}", r"-\frac{@a}{11}", "@a.11"),
    ),
    (
        "exponential",
        "e^{@a}",
        ("e^@a", r"\exp(@a)", "e^{ @a }", r"\mathrm{e}^{@a}"),
        ("@a", "e^{-@a}", "@ae", "e^{@b}", "e"),
    ),
    (
        "sum with logarithm",
        r"\ln @a + @b",
        (r"@b + \ln @a", r"\ln(@a)+@b", r"\ln{@a} + @b"),
        (r"\ln @a - @b", r"@b\ln @a", r"\ln @a", r"\ln @b + @a"),
    ),
    (
        "sine",
        r"\sin x",
        (r"\sin(x)", r"\sin{x}", r"\sin\left(x\right)", r"\sin (x)"),
        (r"\cos x", "x", r"\sin 2x", r"-\sin x"),
    ),
    (
        "column",
        r"\begin{pmatrix} @a \\ @b \end{pmatrix}",
        (
            r"\begin{bmatrix} @a \\ @b \end{bmatrix}",
            r"\begin{pmatrix}@a\\@b\end{pmatrix}",
            r"\left(\begin{array}{c} @a \\ @b \end{array}\right)",
        ),
        (
            r"\begin{pmatrix} @b \\ @a \end{pmatrix}",
            r"\begin{pmatrix} @a \\ -@b \end{pmatrix}",
            "@a",
            r"\begin{pmatrix} @a \\ @b \\ 0 \end{pmatrix}",
        ),
    ),
    (
        "percent",
        r"@a@b\%",
        (r"@a@b \%", r"@a@b\,\%", r"@a@b\text{ percent}", r"@a@b.0\%"),
        (r"@b@a\%", r"@a@b0\%", r"-@a@b\%", r"@a.@b\%"),
    ),
    (
        "angle",
        r"1@a^\circ",
        ("1@a°", r"1@a^{\circ}", r"1@a\text{ degrees}", r"1@a ^{\circ}"),
        (r"1@b^\circ", r"-1@a^\circ", r"1@a.5^\circ"),
    ),
    (
        "area",
        r"@p\text{ cm}^2",
        (r"@p \text{ cm}^2", "@p", r"@p\,\text{cm}^2", r"@p\ \mathrm{cm}^{2}"),
        (r"@s\text{ cm}^2", r"-@p", r"\frac{1}{@p}", r"@p.5\text{ cm}^2"),
    ),
    (
        "large number",
        "1@a0000",
        ("1@a0,000", r"1@a0\,000", r"1@a \times 10^4", r"1@a0{,}000"),
        ("1@a000", "1@a", "1@b0,000", "1@a00000", r"1@a \times 10^3"),
    ),
    (
        "upper bound",
        r"x \le @a",
        (r"x \leq @a", r"@a \ge x", "x ≤ @a", r"x\leqslant @a", r"@a \geq x"),
        ("x < @a", r"x \ge @a", "@a", r"x \le @b"),
    ),
    (
        "two bounds",
        "@x < t < @y",
        ("@x<t<@y", "@y > t > @x", r"@x \lt t \lt @y"),
        (r"@x \le t \le @y", "t < @y", "@x < t", "@y"),
    ),
    (
        "circle",
        "x^2 + y^2 = @a",
        ("y^2 + x^2 = @a", "x^{2}+y^{2}=@a", "@a = x^2 + y^2"),
        ("x^2 - y^2 = @a", "x^2 + y^2 = @b", "@a", "x + y = @a"),
    ),
    (
        "parabola",
        "y = x^2 - @a",
        ("y=x^{2}-@a", "y = -@a + x^2", "x^2 - @a = y"),
        ("y = x^2 + @a", "y = -x^2 - @a", "@a", "y = x^2", "y = x - @a"),
    ),
    (
        "word",
        r"\text{increasing}",
        ("increasing", r"\mathrm{increasing}", r"\textbf{increasing}", r"\text{ increasing}"),
        ("decreasing", r"\text{constant}", "0"),
    ),
    (
        "day",
        r"\text{Tuesday}",
        ("Tuesday", r"\textrm{Tuesday}", r"\mbox{Tuesday}"),
        ("Thursday", r"\text{Monday}", "2"),
    ),
    ("option", r"\textbf{(D)}", ("D", r"\text{D}", "(D)", r"\mathrm{(D)}"), ("B", r"\text{(A)}", "4")),
    ("monomial", "@ax^3y", ("@a x^3 y", r"@a \cdot x^{3} \cdot y", "@ayx^3"), ("@axy^3", "@ax^3", "@bx^3y", "@a")),
    (
        "rational function",
        r"\frac{@a}{x+@b}",
        ("@a/(x+@b)", r"\dfrac{@a}{@b+x}", r"\frac{@a}{x + @b}"),
        (r"\frac{@a}{x-@b}", r"\frac{x+@b}{@a}", r"\frac{@a}{x}+@b", "@a"),
    ),
    (
        "negative root",
        r"-@a\sqrt{@r}",
        (r"-\sqrt{@i}", r"-@a \cdot \sqrt{@r}", r"-@a\sqrt{ @r }", "-@a√@r"),
        (r"@a\sqrt{@r}", r"-\sqrt{@r}", r"-@b\sqrt{@r}", "-@a"),
    ),
    (
        "power of ten",
        r"@a \times 10^{5}",
        (r"@a\cdot 10^5", "@a00000", r"@a00{,}000", "@a00,000"),
        ("@a0000", r"@a \times 10^{-5}", "@a", r"@b \times 10^5"),
    ),
    (
        "list",
        "@a, @b, @c",
        ("@a,@b,@c", r"@a,\ @b,\ @c", r"@a, @b \text{ and } @c", r"@a,\,@b,\,@c"),
        ("@a, @b", "@a, @b, @d", "@c", "@a, @b, @c, @d"),
    ),
    ("ratio of three", "@a:@b:11", ("@a : @b : 11",), ("@b:@a:11", "@a:@b", "11:@b:@a")),
    (
        "price",
        r"\$1@a.50",
        ("1@a.50", r"1@a.50\text{ dollars}", r"\$ 1@a.50"),
        (r"\$1@b.50", r"\$1@a.05", r"\$1@a5", r"-\$1@a.50"),
    ),
    (
        "components",
        r"@a\mathbf{i} - @b\mathbf{j}",
        (r"-@b\mathbf{j} + @a\mathbf{i}", r"@a\,\mathbf{i}-@b\,\mathbf{j}"),
        (r"@a\mathbf{i} + @b\mathbf{j}", r"@b\mathbf{i} - @a\mathbf{j}", "@a", r"@a\mathbf{i}"),
    ),
)
