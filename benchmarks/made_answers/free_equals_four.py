"""Set four of golds that are expressions, with right and wrong spellings: held out. Marks: see `free_equals.py`."""

from __future__ import annotations

from collections.abc import Sequence

FOUR: Sequence[tuple[str, str, Sequence[str], Sequence[str]]] = (
    (
        "fraction",
        r"\frac{@o}{@e}",
        (r"\dfrac{@o}{@e}", "@o/@e", r"\frac {@o} {@e}", r"\tfrac{@o}{@e}"),
        (r"\dfrac{@e}{@o}", "@o", r"-\frac{@o}{@e}", "@e"),
    ),
    (
        "root multiple",
        r"@a\sqrt{@r}",
        (r"@a \sqrt{@r}", r"@a\sqrt@r", r"@a * \sqrt{@r}", "@a√@r"),
        (r"@b\sqrt{@r}", r"\sqrt{@r}", "@a", r"-@a\sqrt{@r}", r"@a + \sqrt{@r}"),
    ),
    (
        "pi multiple",
        r"@a\pi",
        (r"@a \pi", r"@a \cdot \pi", r"\pi\cdot @a", "@aπ"),
        (r"@b\pi", "@a", r"\pi", r"@a\pi^2", r"\frac{\pi}{@a}"),
    ),
    (
        "pair",
        "(@a, @b)",
        ("( @a,@b )", r"\left(@a, @b\right)", r"(x,y) = (@a,@b)", r"\boxed{(@a, @b)}"),
        ("(@b, @a)", "(@a, @c)", "@a", "(@a, -@b)", r"\{@a, @b\}"),
    ),
    (
        "open interval",
        r"(@x, @y)",
        ("( @x, @y )", r"x \in (@x,@y)", r"\left( @x, @y \right)"),
        ("[@x, @y]", "(@x, @y]", "[@x, @y)", "@x"),
    ),
    (
        "quadratic",
        "x^2 - @ax + @b",
        ("x^{2}-@ax+@b", "@b + x^2 - @ax", "x^2-@ax+@b", r"x^2 - @a \cdot x + @b"),
        ("x^2 + @ax + @b", "x^2 - @ax - @b", "x^2 - @ax", "@b"),
    ),
    (
        "line",
        "y = @ax + @b",
        ("y=@ax+@b", "@ax + @b", "y = @b + @ax", "y = @a x + @b"),
        ("y = @ax - @b", "y = @bx + @a", "@a", "y = @ax", "x = @ay + @b"),
    ),
    (
        "linear",
        "@ax - @b",
        ("@ax-@b", "-@b + @ax", r"@a\cdot x - @b", "@a x - @b"),
        ("@ax + @b", "@bx - @a", "@a", "@b - @ax"),
    ),
    (
        "complex",
        "@a + @bi",
        ("@a+@bi", "@b i+@a", r"@a + @b i", r"@a + @b\cdot i"),
        ("@a - @bi", "@b + @ai", "@a", "@bi", "-@a + @bi"),
    ),
    ("percent", r"@a\%", (r"@a \%", "@a%", r"@a\text{ percent}"), (r"@b\%", r"-@a\%", r"@a@b\%")),
    (
        "money",
        r"\$@a.50",
        (r"\$@a.5", "@a.50", r"\$ @a.50", r"@a.50\text{ dollars}"),
        (r"\$@b.50", r"\$@a.05", r"-\$@a.50"),
    ),
    (
        "degrees",
        r"@p^\circ",
        (r"@p^{\circ}", "@p", r"@p \text{ degrees}", "@p°"),
        (r"@s.5^\circ", r"-@p^\circ", r"@p1^\circ"),
    ),
    (
        "thousands",
        "1@a,@b00",
        ("1@a@b00", r"1@a{,}@b00", r"1@a\,@b00", r"1@a,\!@b00"),
        ("1@a@b0", "1@a,@c00", "1@a", "-1@a,@b00"),
    ),
    (
        "power",
        "2^{@p}",
        ("2^{@p}", r"2^{@a \cdot @b}", r"\left(2^{@a}\right)^{@b}"),
        ("@p^2", "@p", r"2 \cdot @p", r"2^{-@p}"),
    ),
    (
        "product form",
        "(x - @a)(x + @b)",
        ("(x-@a)(x+@b)", "(x + @b)(x - @a)", r"(x-@a) \cdot (x+@b)"),
        ("(x+@a)(x-@b)", "(x - @a)", "(x - @a)(x - @b)", "@a"),
    ),
    (
        "sum of roots",
        r"\sqrt{@p1}+\sqrt{@r}",
        (r"\sqrt{@r} + \sqrt{@p1}", r"\sqrt{@p1} + \sqrt{@r}"),
        (r"\sqrt{@p1}-\sqrt{@r}", r"\sqrt{@r}", "@p1"),
    ),
    (
        "rational",
        r"\frac{x+@a}{x-@b}",
        (r"\dfrac{x+@a}{x-@b}", r"\frac{@a+x}{x-@b}", "(x+@a)/(x-@b)", r"\frac{x + @a}{x - @b}"),
        (r"\frac{x-@a}{x+@b}", r"\frac{x-@b}{x+@a}", "x", r"\frac{x+@a}{x}"),
    ),
    (
        "logarithm",
        r"\log_2 @i",
        (r"\log_2(@i)", r"\log_{2}@i", r"\log_{2}(@i)", r"\log_2 {@i}"),
        (r"\log_@i 2", "@i", r"\ln @i", r"\log_2 @i + 1"),
    ),
    (
        "vector",
        r"\begin{pmatrix} @a \\ @b \end{pmatrix}",
        (r"\begin{pmatrix}@a\\ @b\end{pmatrix}", r"\begin{pmatrix} @a \\  @b \end{pmatrix}"),
        (r"\begin{pmatrix} @b \\ @a \end{pmatrix}", "@a", r"\begin{pmatrix} @a \\ @c \end{pmatrix}"),
    ),
    (
        "list",
        "@a, @b, @c",
        ("@a, @b,@c", r"@a,\; @b,\; @c", r"@a , @b , @c"),
        ("@a, @b", "@a, @b, @d", "@a", "@a, @b, @c, @d"),
    ),
    (
        "at least",
        r"x \ge @a",
        (r"x \geq @a", r"x\ge@a", r"x \geqslant @a"),
        ("x > @a", r"x \le @a", "@a", r"x \ge @b", "x = @a"),
    ),
    (
        "word",
        r"\text{Yes}",
        ("Yes", r"\text{yes}", r"\text{Yes}", r"\textbf{Yes}"),
        (r"\text{No}", "No", "@a", r"\text{Unknown}"),
    ),
    (
        "letter",
        r"\textbf{(C)}",
        (r"\text{(C)}", "C", r"\textbf{( C )}", "(C)", r"\text{ C }"),
        (r"\text{(B)}", "B", r"\textbf{(A)}", "@a"),
    ),
    ("negative decimal", "-0.@a5", ("-.@a5", "-0.@a50"), ("0.@a5", "-0.@b5", "-@a.5", "-0.0@a5")),
    (
        "scientific",
        r"@a.2 \times 10^{@b}",
        (r"@a.2\times10^@b", r"@a.2 \cdot 10^{@b}", r"@a.20 \times 10^{@b}"),
        (r"@a.2 \times 10^{@c}", "@a.2", r"@a.2 \times 10^{-@b}"),
    ),
    (
        "mixed number",
        r"@a\frac{1}{2}",
        (r"@a \frac{1}{2}", "@a.5", r"@a\tfrac12", r"\frac{@m}{2}"),
        (r"@b\frac{1}{2}", r"\frac{1}{2}", "@a", r"@a\frac{1}{3}"),
    ),
    (
        "unit",
        r"@a \text{ cm}^2",
        (r"@a\text{ cm}^2", "@a", r"@a\,\text{cm}^{2}", "@a cm^2", r"@a \text{ square centimeters}"),
        (r"@b \text{ cm}^2", r"-@a \text{ cm}^2", r"@a.5 \text{ cm}^2"),
    ),
    ("time", "@a:30", (r"@a{:}30", r"@a\!:\!30"), ("@b:30", "@a:03", "@a", "30:@a")),
)
